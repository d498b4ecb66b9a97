// A player that follows: the segment being spoken is marked; a segment that is chosen is played.
(() => {
  const LINE = ".govor-columns button[data-start]";
  const player = () => document.getElementById("govor-player");
  const lists = () => document.querySelectorAll(".govor-columns ol");
  const mark = (follow) => {
    const now = player()?.currentTime ?? -1;
    for (const one of document.querySelectorAll(LINE)) {
      const current = now >= +one.dataset.start && now < +one.dataset.end;
      if (current === (one.getAttribute("aria-current") === "true")) continue;
      if (current) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
      if (current && follow) show(one);
    }
  };
  // Within its list alone: the page itself stays where its reader is.
  const show = (one) => {
    const list = one.closest("ol"), line = one.getBoundingClientRect(), frame = list.getBoundingClientRect();
    if (line.top < frame.top) list.scrollTop += line.top - frame.top;
    if (line.bottom > frame.bottom) list.scrollTop += line.bottom - frame.bottom;
  };
  const focus = (one) => {
    for (const other of one.closest("ol").querySelectorAll("button[tabindex='0']")) other.tabIndex = -1;
    one.tabIndex = 0;
    one.focus();
  };
  const measure = () => {
    const bar = document.querySelector("#status progress"), whole = player()?.duration;
    if (!bar || !Number.isFinite(whole)) return;
    bar.max = whole;
    bar.value = Math.min(whole, +bar.dataset.read);
  };
  const measured = (event) => event.target === player() && mark(!player().paused || event.type === "seeked");
  document.addEventListener("timeupdate", measured, true);
  document.addEventListener("seeked", measured, true);
  document.addEventListener("durationchange", measure, true);
  document.addEventListener("click", (event) => {
    const one = event.target.closest?.(LINE);
    if (!one || !player()) return;
    focus(one);
    player().currentTime = +one.dataset.start;
    player().play().catch(() => {});
  });
  document.addEventListener("keydown", (event) => {
    const one = event.target.closest?.(LINE);
    if (!one || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...one.closest("ol").querySelectorAll("button")], at = all.indexOf(one);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    focus(all[to]);
  });
  // A video is a recording too: Gradio takes files whose type says audio, and the server looks inside.
  const UPLOAD = "#recording input[type=file]";
  const asAudio = (files) => {
    const taken = new DataTransfer();
    for (const file of files)
      taken.items.add(file.type.startsWith("audio/") ? file : new File([file], file.name, { type: "audio/*" }));
    return taken.files;
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches?.(UPLOAD)) event.target.files = asAudio(event.target.files);
  }, true);
  document.addEventListener("drop", (event) => {
    const input = event.target.closest?.("#recording")?.querySelector("input[type=file]");
    if (!input || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, true);
  const widen = () => {
    const input = document.querySelector(UPLOAD);
    if (input && !input.accept.includes("video/")) input.accept += ", video/*";
  };
  // While text comes, the lists are drawn anew: they stay scrolled, focused and marked as they were.
  let places = [], chosen = null;
  const remember = () => { places = [...lists()].map((list) => list.scrollTop); };
  document.addEventListener("scroll", (event) => { if (event.target.matches?.(".govor-columns ol")) remember(); }, true);
  document.addEventListener("focusin", (event) => {
    const one = event.target.closest?.(LINE), list = one?.closest("ol");
    chosen = one ? { list: [...lists()].indexOf(list), line: [...list.querySelectorAll("button")].indexOf(one) } : null;
  });
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest?.(LINE)) chosen = null;
    if (event.target.closest?.("#transcribe")) places = [];
  }, true);
  const restore = () => {
    measure();
    [...lists()].forEach((list, n) => { list.scrollTop = places[n] ?? 0; });
    const one = chosen && lists()[chosen.list]?.querySelectorAll("button")[chosen.line];
    if (one && document.activeElement === document.body) focus(one);
    mark(false);
  };
  // They may be patched in place too, which takes away what was added to them here.
  const ours = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest("#status, #transcripts");
  new MutationObserver((changes) => { widen(); if (changes.some((change) => ours(change.target))) restore(); })
    .observe(document, { childList: true, subtree: true, characterData: true, attributeFilter: ["data-read"] });
})();
