(() => {
"use strict";
{% include "elements.js" %}
const facts = JSON.parse($("facts").textContent);
const TITLES = {
  queue: "What is most likely wrong comes first.",
  estimate: "Drawn at random, without a model's text: how much of this corpus is wrong?",
  blank: "Write what is said. No text is shown, so that none influences you.",
};
const STEP_S = 0.05, LEAST_S = 0.05, TINTS = ["--series-1", "--series-2", "--series-3", "--series-4"];
const me = { name: "", key: "" };
let shown = null, pieces = [], first = [], joined = 0, begin = 0, since = 0, busy = false, loop = false, stopAt = null, from = 0;
const clips = new Map();
const seconds = s => s === null || s === undefined ? "" : `${Math.floor(s / 60)}:${(s % 60).toFixed(2).padStart(5, "0")}`;
const spell = s => s < 90 ? `${Math.round(s)} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;
const say = (text, bad = false) => { $("toast").textContent = text; $("toast").classList.toggle("bad", bad); };

/* ---- talking to the server ---- */
async function ask(path, body) {
  const headers = { "X-Reviewer": encodeURIComponent(me.name), "Authorization": `Bearer ${me.key}` };
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
  } catch { throw new Error("The server does not answer. What you wrote is still here: try again."); }
  if (!answer.ok) throw Object.assign(new Error(await answer.text()), { status: answer.status });
  return answer;
}
async function act(path, body) {
  if (busy) return;
  busy = true; document.body.ariaBusy = "true";
  try { show(await (await ask(path, body)).json()); return true; }
  catch (error) { if (error.status === 401) enter(error.message); else say(error.message, true); return false; }
  finally { busy = false; document.body.ariaBusy = "false"; }
}
function sound(clip, count) {
  const key = `${count} ${clip.id}`;
  if (!clips.has(key)) {
    clips.set(key, ask(`clip?id=${encodeURIComponent(clip.id)}&joined=${count}`).then(answer => answer.blob()));
    clips.get(key).catch(() => clips.delete(key));
    if (clips.size > 8) clips.delete(clips.keys().next().value);
  }
  return clips.get(key);
}

/* ---- who ---- */
function enter(message) {
  $("work").hidden = true; $("enter").hidden = false; $("verdicts").hidden = true;
  if (facts.keys) $("enter").replaceChildren(element("p", {}, message || "Open the link that you were given: it holds your key."));
  else { $("name").value = localStorage.getItem("name") || ""; $("name").focus(); }
}
function begun() {
  $("enter").hidden = true; $("work").hidden = false;
  act("next", {});
}
function arrive() {
  $("lead").textContent = TITLES[facts.mode];
  for (const one of document.querySelectorAll(".cutting")) one.hidden = facts.mode !== "queue";
  document.querySelector("[data-verdict=keep]").hidden = facts.mode === "blank";
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) { localStorage.setItem("key", given); history.replaceState(null, "", location.pathname); }
  if (facts.keys) { me.key = localStorage.getItem("key") || ""; return me.key ? begun() : enter(); }
  me.name = sessionStorage.getItem("name") || "";
  me.name ? begun() : enter();
}
$("enter").addEventListener("submit", event => {
  event.preventDefault();
  me.name = $("name").value.trim();
  if (!me.name) return;
  sessionStorage.setItem("name", me.name); localStorage.setItem("name", me.name);
  begun();
});

/* ---- one utterance ---- */
function show(view) {
  const now = view.progress;
  $("who").textContent = view.reviewer;
  $("bar").ariaValueMax = now.total; $("bar").ariaValueNow = now.done;
  $("bar").firstElementChild.style.width = `${100 * now.done / Math.max(1, now.total)}%`;
  const count = n => n.toLocaleString("en");
  $("done").replaceChildren(element("b", {}, count(now.done)), ` of ${count(now.total)}`, now.mine !== now.done ? `, ${count(now.mine)} by you` : "");
  $("pace").textContent = now.pace_s ? `${now.pace_s.toFixed(now.pace_s < 10 ? 1 : 0)} s each, ${spell(now.left_s)} left` : "";
  $("undo").disabled = !view.can_undo;
  shown = view.current;
  $("card").hidden = !shown; $("end").hidden = Boolean(shown); $("verdicts").hidden = false;
  for (const button of document.querySelectorAll("[data-verdict]")) button.disabled = !shown;
  document.documentElement.dataset.utterance = shown ? shown.id : "";
  if (!shown) { finished(view.summary); return; }
  joined = 0; since = performance.now(); loop = false; $("loop").ariaPressed = "false";
  original();
  const draft = shown.draft, kept = sessionStorage.getItem("draft " + shown.id);
  if (draft && draft.pieces.length) { pieces = draft.pieces.map(piece => ({ ...piece })); joined = draft.joined.length; }
  else if (kept && facts.mode !== "estimate") restore(kept);
  facts_of(); versions(); draw(); load(true);
  if (view.upcoming) sound(view.upcoming, 0).catch(() => {});
  document.activeElement?.blur?.();
  if (facts.mode === "blank") focusText(0);
}
function restore(kept) { try { const before = JSON.parse(kept); pieces = before.pieces; joined = before.joined; } catch { /* of another version */ } }
function original() {
  begin = shown.clip.begin;
  pieces = [{ start: shown.start, end: shown.end, text: shown.text }];
  first = pieces.map(piece => ({ ...piece }));
}
function facts_of() {
  const length = shown.duration ?? (shown.end !== null ? shown.end - (shown.start ?? 0) : null);
  const parts = [["id", shown.id], ["", shown.recording !== shown.id ? shown.recording : ""], ["", shown.speaker], ["", length === null ? "" : `${length.toFixed(1)} s`]];
  $("meta").replaceChildren(...parts.filter(([, text]) => text).map(([name, text]) => element("span", { className: name, dir: "auto" }, text)));
  $("reasons").replaceChildren(...shown.reasons.map(text => element("span", { className: "badge warning" }, text)));
}
function versions() {
  $("versions").hidden = !shown.versions.length;
  $("versions").lastElementChild.replaceChildren(...shown.versions.map(one => {
    const text = one.pieces.map(piece => piece.text).join(" | ");
    const take = text ? element("button", { onclick: () => { pieces = one.pieces.map(piece => ({ ...piece })); joined = one.joined.length; draw(); load(); } }, "take over") : "";
    return element("li", {}, `${one.reviewer}: ${one.verdict} `, element("bdi", {}, text), " ", take);
  }));
}
function finished(summary) {
  wave?.pause();
  say("");
  const lines = [...summary.sentences];
  if (summary.waiting) lines.push(`${summary.waiting.toLocaleString("en")} utterances are before other reviewers, or wait for a second one. Reload to see whether any came back.`);
  if (!lines.length) lines.push("All utterances have a verdict. Stop the server: it says what to type next.");
  $("told").replaceChildren(...lines.map(text => element("li", {}, text)));
}
const changedAt = n => !first[n] || pieces[n].text.trim() !== first[n].text.trim() || pieces[n].start !== first[n].start || pieces[n].end !== first[n].end;
const changed = () => joined > 0 || pieces.length !== first.length || pieces.some((_, n) => changedAt(n));
const tint = n => colour(TINTS[n % TINTS.length]);
function draw() {
  $("pieces").replaceChildren(...pieces.map((piece, n) => {
    const box = element("textarea", { value: piece.text, dir: "auto", rows: 1, spellcheck: true, lang: shown.language || "", "aria-label": pieces.length > 1 ? `text of part ${n + 1}` : "text", placeholder: "what is said" });
    box.oninput = () => { piece.text = box.value; grow(box); edited(); };
    box.onfocus = () => { current = n; };
    const label = element("label", {}, element("span", {}, pieces.length > 1 ? `part ${n + 1}` : facts.mode === "blank" ? "what is said" : "text"), element("span", { className: "length" }));
    const made = element("div", { className: "piece" }, label, box);
    made.style.setProperty("--tint", tint(n));
    return made;
  }));
  for (const box of $("pieces").querySelectorAll("textarea")) grow(box);
  current = Math.min(current, pieces.length - 1);
  edited();
}
function grow(box) { box.style.height = "auto"; box.style.height = `${box.scrollHeight + 2}px`; }
function edited() {
  const is = changed();
  const labels = $("pieces").querySelectorAll(".length");
  pieces.forEach((piece, n) => {
    labels[n].textContent = piece.end === null ? "" : `${seconds(piece.start ?? 0)} to ${seconds(piece.end)}${changedAt(n) && first[n] && (piece.start !== first[n].start || piece.end !== first[n].end) ? ", moved" : ""}`;
    $("pieces").children[n].querySelector("textarea").classList.toggle("changed", changedAt(n));
  });
  document.querySelector("[data-verdict=fixed]").classList.toggle("ready", is);
  document.querySelector("[data-verdict=keep]").disabled = is || facts.mode === "blank";
  $("join").disabled = joined >= shown.followers.length; $("reset").disabled = !is;
  $("from").textContent = seconds(begin); $("to").textContent = seconds(begin + (wave?.getDuration() || 0));
  if (is) sessionStorage.setItem("draft " + shown.id, JSON.stringify({ pieces, joined })); else sessionStorage.removeItem("draft " + shown.id);
  compare();
}

/* ---- what the recogniser heard ---- */
const tokens = text => [...text.matchAll(/\S+/gu)].map(found => ({ word: found[0], at: found.index, end: found.index + found[0].length }));
const plain = word => word.toLowerCase().normalize("NFC").replace(/[^\p{L}\p{M}\p{N}]/gu, "") || word;
function matched(a, b) {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--)
    table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  const runs = []; let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    const same = i < a.length && j < b.length && a[i] === b[j];
    const last = runs.at(-1), run = last && last.same === same ? last : { same, a: [i, i], b: [j, j] };
    if (run !== last) runs.push(run);
    if (same) { i++; j++; } else if (j >= b.length || (i < a.length && table[i + 1][j] >= table[i][j + 1])) i++; else j++;
    run.a[1] = i; run.b[1] = j;
  }
  return runs;
}
function compare() {
  $("heard").hidden = !shown.heard;
  if (!shown.heard) return;
  const text = pieces.map(piece => piece.text).join(" "), ours = tokens(text), theirs = tokens([shown.heard, ...shown.followers.slice(0, joined).map(next => next.heard || "")].join(" "));
  const line = [];
  for (const run of matched(ours.map(one => plain(one.word)), theirs.map(one => plain(one.word)))) {
    const mine = ours.slice(...run.a), heard = theirs.slice(...run.b);
    if (run.same) mine.forEach((one, n) => line.push(one.word === heard[n].word ? one.word : element("span", { className: "alike", title: heard[n].word }, one.word), " "));
    else {
      if (mine.length) line.push(element("del", {}, mine.map(one => one.word).join(" ")), " ");
      if (heard.length) {
        const words = heard.map(one => one.word).join(" ");
        line.push(pieces.length > 1 ? element("ins", {}, words) : element("button", { title: "take over", onclick: () => take(text, ours, run.a, words) }, words), " ");
      }
    }
  }
  $("diff").replaceChildren(...line);
}
function take(text, ours, [start, end], words) {
  const at = start < ours.length ? ours[start].at : text.length, to = end > start ? ours[end - 1].end : at;
  const glue = end > start ? "" : " ";
  pieces[0].text = (text.slice(0, at) + (at === text.length && text ? glue + words : words + glue) + text.slice(to)).replace(/\s+/gu, " ").trim();
  draw();
}

/* ---- sound ---- */
let wave = null, regions = null, current = 0, quiet = false;
function make() {
  wave = WaveSurfer.create({ container: $("wave"), height: "auto", waveColor: colour("--faint"), progressColor: colour("--accent"), cursorColor: colour("--ink"), cursorWidth: 2, barWidth: 2, barGap: 1, barRadius: 2, normalize: true });
  regions = wave.registerPlugin(WaveSurfer.Regions.create());
  regions.on("region-update", region => { if (!quiet) moved(region); });
  regions.on("region-updated", region => { if (!quiet) { moved(region); mark(); } });
  wave.on("timeupdate", time => {
    $("at").textContent = seconds(begin + time);
    if (stopAt !== null && time >= stopAt && wave.isPlaying()) {
      if (loop) wave.setTime(from); else { wave.pause(); stopAt = null; }
    }
  });
  wave.on("play", playing); wave.on("pause", playing);
  wave.on("finish", () => { playing(); if (loop) play(); });
  wave.on("error", () => {});
}
function playing() { $("play").firstChild.textContent = wave.isPlaying() ? "Pause " : "Play "; }
async function load(again) {
  const mine = shown, count = joined;
  if (!wave) make();
  wave.pause(); stopAt = null; regions.clearRegions();
  $("wave").querySelector(".fault")?.remove();
  try {
    const blob = await sound(mine.clip, count);
    if (mine !== shown || count !== joined) return;
    await wave.loadBlob(blob);
    if (mine !== shown || count !== joined) return;
    wave.setPlaybackRate(Number($("speed").value), true);
    mark(); edited();
    wave.setTime(span()[0]);
    document.documentElement.dataset.heard = mine.id;
    if (again && navigator.userActivation?.hasBeenActive) play();
  } catch (error) {
    if (mine === shown && error.name !== "AbortError") { wave.empty(); $("wave").append(element("div", { className: "fault" }, error.message)); }
  }
}
const span = () => [Math.max(0, (pieces[0].start ?? 0) - begin), pieces.at(-1).end === null ? wave.getDuration() : pieces.at(-1).end - begin];
function mark() {
  quiet = true; regions.clearRegions();
  pieces.forEach((piece, n) => {
    const start = Math.max(0, (piece.start ?? 0) - begin), end = piece.end === null ? wave.getDuration() : piece.end - begin;
    regions.addRegion({ id: String(n), start, end, drag: false, resize: true, minLength: LEAST_S, color: `color-mix(in srgb, ${tint(n)} 22%, transparent)` });
  });
  quiet = false;
}
const round = value => Math.round(value * 1000) / 1000;
function moved(region) {
  const n = Number(region.id), piece = pieces[n];
  if (!piece) return;
  const was = [Math.max(0, (piece.start ?? 0) - begin), piece.end === null ? wave.getDuration() : piece.end - begin];
  if (Math.abs(region.start - was[0]) > 0.001) piece.start = round(region.start + begin);
  if (Math.abs(region.end - was[1]) > 0.001) piece.end = round(region.end + begin);
  edited();
}
function nudge(side, by) {
  const piece = pieces[side === "start" ? 0 : pieces.length - 1];
  const value = side === "start" ? piece.start ?? 0 : piece.end ?? begin + wave.getDuration();
  const low = side === "start" ? begin : (piece.start ?? 0) + LEAST_S;
  const high = side === "start" ? (piece.end ?? begin + wave.getDuration()) - LEAST_S : begin + wave.getDuration();
  piece[side] = round(Math.min(high, Math.max(low, value + by)));
  mark(); edited();
  play(side === "start" ? piece.start - begin : Math.max(span()[0], piece.end - begin - 0.7));
}
function play(at, to) {
  if (!wave?.getDuration()) return;
  from = at ?? span()[0]; stopAt = to ?? span()[1];
  if (stopAt >= wave.getDuration()) stopAt = null;
  wave.setTime(from);
  wave.play().catch(() => {});
}
/* The library forgets a place that is set while it still seeks another. */
function seek(by) {
  const media = wave.getMediaElement();
  media.currentTime = Math.min(wave.getDuration(), Math.max(0, media.currentTime + by));
}
function toggle() {
  if (wave?.isPlaying()) return wave.pause();
  const [start, end] = span(), at = wave.getCurrentTime();
  if (at > start + 0.05 && at < end - 0.05) { from = start; stopAt = end < wave.getDuration() ? end : null; wave.play().catch(() => {}); } else play();
}

/* ---- splitting and joining ---- */
function split() {
  const at = round(begin + wave.getMediaElement().currentTime);
  const n = pieces.findIndex(piece => at > (piece.start ?? 0) + LEAST_S && at < (piece.end ?? Infinity) - LEAST_S);
  if (n < 0) return say("Put the cursor inside the utterance first.", true);
  const piece = pieces[n], end = piece.end ?? round(begin + wave.getDuration()), share = (at - (piece.start ?? 0)) / (end - (piece.start ?? 0));
  const all = tokens(piece.text), box = $("pieces").children[n].querySelector("textarea");
  const caret = box.selectionStart > 0 && box.selectionStart < piece.text.length && document.activeElement === box ? box.selectionStart : all[Math.max(1, Math.round(all.length * share))]?.at ?? piece.text.length;
  pieces.splice(n, 1, { start: piece.start ?? 0, end: at, text: piece.text.slice(0, caret).trim() }, { start: at, end, text: piece.text.slice(caret).trim() });
  draw(); mark(); focusText(n + 1);
  say("Split. Look at where each text ends.");
}
function join() {
  const next = shown.followers[joined];
  if (!next) return say("The next utterance cannot be joined.", true);
  const last = pieces.at(-1);
  last.text = `${last.text} ${next.text || ""}`.trim(); last.end = next.end;
  if (pieces[0].start === null) pieces[0].start = 0;
  joined++;
  draw(); load(true);
  say("Joined with the next utterance.");
}
function reset() { joined = 0; original(); draw(); load(); say("As it was."); }
function focusText(n) { const box = $("pieces").children[n ?? current]?.querySelector("textarea"); if (box) { box.focus(); box.setSelectionRange(box.value.length, box.value.length); } }

/* ---- verdicts ---- */
async function judge(verdict) {
  if (!shown || busy) return;
  const is = changed();
  if (verdict === "keep" && is) return say("The text or the times are changed: Fixed keeps that, Reset takes it back.", true);
  if (verdict === "fixed" && !is) { say("Nothing is changed yet: write into the text, or move a boundary.", true); return focusText(0); }
  if (verdict === "fixed" && pieces.some(piece => !piece.text.trim())) return say("Every part needs a text; drop the utterance if nothing is said.", true);
  const id = shown.id, body = { id, verdict, seconds: (performance.now() - since) / 1000, pieces: [], joined: [], comment: "" };
  if (verdict === "fixed") { body.pieces = pieces; body.joined = shown.followers.slice(0, joined).map(next => next.id); }
  else if (is) body.comment = pieces.map(piece => piece.text).join(" | ");
  if (await act("verdict", body)) { sessionStorage.removeItem("draft " + id); say(`${verdict}: ${id}`); }
}
async function undo() { if (!$("undo").disabled && await act("undo", {})) say("Taken back."); }
for (const button of document.querySelectorAll("[data-verdict]")) button.onclick = () => judge(button.dataset.verdict);
$("undo").onclick = undo; $("play").onclick = toggle; $("split").onclick = split; $("join").onclick = join; $("reset").onclick = reset;
$("around").onclick = () => play(0, wave.getDuration());
$("loop").onclick = () => { loop = !loop; $("loop").ariaPressed = String(loop); if (loop && !wave.isPlaying()) play(); };
$("speed").onchange = () => wave?.setPlaybackRate(Number($("speed").value), true);
$("help").onclick = () => $("keys").showModal();
const KEYS = {
  " ": toggle, a: $("around").onclick, l: $("loop").onclick, e: () => focusText(), ...(facts.mode === "queue" ? { x: split, j: join } : {}), r: () => $("reset").disabled || reset(),
  s: () => { const box = $("speed"); box.selectedIndex = (box.selectedIndex + 1) % box.options.length; box.onchange(); say(`Speed ${box.value}`); },
  arrowleft: () => seek(-1), arrowright: () => seek(1),
  q: () => nudge("start", -STEP_S), w: () => nudge("start", STEP_S), o: () => nudge("end", -STEP_S), p: () => nudge("end", STEP_S),
  k: () => judge("keep"), d: () => judge("drop"), f: () => judge("fixed"), u: () => judge("unsure"), z: undo, "?": $("help").onclick,
};
/* Where letters are of another script, keys are named by their place. */
const letter = event => /^[\x20-\x7e]$/.test(event.key) || event.key.length > 1 ? event.key.toLowerCase() : event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
document.addEventListener("keydown", event => {
  if ($("work").hidden || $("keys").open || event.isComposing || event.altKey || event.metaKey) return;
  const writing = event.target.matches?.("textarea, input");
  if (writing && event.key === "Escape") { event.target.blur(); return event.preventDefault(); }
  if (writing && event.ctrlKey && event.key === "Enter") { event.preventDefault(); return judge("fixed"); }
  if (writing && event.ctrlKey && event.code === "Space") { event.preventDefault(); return toggle(); }
  if (writing || event.ctrlKey || (event.target.matches?.("button, select") && /^(Enter| )$/.test(event.key))) return;
  if (event.target.matches?.("select") && event.key.startsWith("Arrow")) return;
  const doing = KEYS[letter(event)];
  if (!doing || (event.repeat && !/^[qwop]$|arrow/.test(letter(event)))) return;
  if (!shown && doing !== undo && event.key !== "?") return;
  event.preventDefault(); doing();
});
document.addEventListener("click", event => { if (event.detail) event.target.closest?.("button")?.blur(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { wave?.setOptions({ waveColor: colour("--faint"), progressColor: colour("--accent"), cursorColor: colour("--ink") }); if (shown) { draw(); mark(); } });
addEventListener("resize", () => { for (const box of $("pieces").querySelectorAll("textarea")) grow(box); });
arrive();
document.documentElement.dataset.ready = "yes";
})();
