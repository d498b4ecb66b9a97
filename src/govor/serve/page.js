// A player that follows: the segment being spoken is marked; a segment that is chosen is played.
(() => {
  const player = () => document.getElementById("govor-player");
  const segments = () => document.querySelectorAll(".govor-columns button[data-start]");
  const mark = () => {
    const now = player()?.currentTime ?? -1;
    for (const one of segments()) {
      const current = now >= +one.dataset.start && now < +one.dataset.end;
      if (current === (one.getAttribute("aria-current") === "true")) continue;
      if (current) { one.setAttribute("aria-current", "true"); one.scrollIntoView({ block: "nearest" }); }
      else one.removeAttribute("aria-current");
    }
  };
  document.addEventListener("timeupdate", (event) => { if (event.target === player()) mark(); }, true);
  document.addEventListener("seeked", (event) => { if (event.target === player()) mark(); }, true);
  document.addEventListener("click", (event) => {
    const one = event.target.closest?.(".govor-columns button[data-start]");
    if (!one || !player()) return;
    player().currentTime = +one.dataset.start;
    player().play().catch(() => {});
  });
})();
