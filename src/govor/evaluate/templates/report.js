"use strict";
(() => {
{% include "elements.js" %}
const data = JSON.parse($("data").textContent);
const rows = data.rows, size = rows.id.length, perPage = 25;
const state = { query: "", kind: "", column: "", value: "", sort: data.sorts[0], wer: null, cer: null, only: null, page: 0 };
let served = false, shown = [];

const rate = (errors, units) => units ? errors / units : errors ? Infinity : 0;
const percent = value => value === Infinity ? "∞" : (100 * value).toFixed(value < 0.1 && value > 0 ? 1 : 0) + "%";
const wer = new Float64Array(size), cer = new Float64Array(size);
for (let n = 0; n < size; n++) {
  wer[n] = rate(rows.errors[n], rows.words[n]);
  cer[n] = rate(rows.char_errors[n], rows.chars[n]);
}

/* ---- verdicts: kept in this browser, and by `govor report` in the evaluation's folder ---- */
const store = "govor-verdicts-" + data.key;
const verdicts = new Map();
const CHOICES = [["", "verdict …"], ["model", "model is wrong (keep)"], ["transcript", "transcript is wrong"], ["audio", "audio is bad (drop)"]];
function loadVerdicts(entries) { for (const entry of entries) verdicts.set(entry.id, entry); }
try { loadVerdicts(JSON.parse(localStorage.getItem(store) || "[]")); } catch { /* storage is off */ }
function setVerdict(n, choice, text) {
  if (choice) verdicts.set(rows.id[n], { id: rows.id[n], choice, text }); else verdicts.delete(rows.id[n]);
  const all = [...verdicts.values()];
  try { localStorage.setItem(store, JSON.stringify(all)); } catch { /* storage is off */ }
  if (served) {
    fetch("verdicts", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(all) })
      .then(answer => { $("saved").textContent = answer.ok ? "saved in " + data.sheet : "could not be saved"; })
      .catch(() => { $("saved").textContent = "could not be saved: is govor report still running?"; });
  }
  showExport();
}
function asReview(entry) {
  const source = rows.ref[rows.id.indexOf(entry.id)];
  const text = (entry.text || "").trim();
  if (entry.choice === "model") return ["keep", ""];
  if (entry.choice === "transcript" && text && text !== source) return ["correct", text];
  return ["drop", ""];
}
const reasons = { model: "model wrong", transcript: "transcript wrong", audio: "audio bad" };
/* a cell that begins like a formula gets an apostrophe, which `govor review` takes off again */
const cell = value => '"' + (/^[=+\-@\t\r\0']/.test(value) ? "'" : "") .concat(value).replaceAll('"', '""') + '"';
function sheet() {
  const lines = [["id", "verdict", "corrected", "comment"]];
  for (const entry of verdicts.values()) { const [verdict, text] = asReview(entry); lines.push([entry.id, verdict, text, reasons[entry.choice]]); }
  return "\ufeff" + lines.map(line => line.map(cell).join(",") + "\r\n").join("");
}
function showExport() {
  $("export").disabled = !verdicts.size;
  $("export").textContent = verdicts.size ? `Export ${verdicts.size} verdict${verdicts.size > 1 ? "s" : ""}` : "Export verdicts";
}
$("export").onclick = () => {
  const url = URL.createObjectURL(new Blob([sheet()], { type: "text/csv" }));
  element("a", { href: url, download: "verdicts.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};

/* ---- filters ---- */
let haystack = null;
function search() {
  if (haystack === null) {
    haystack = rows.id.map((id, n) => (id + "\n" + rows.ref[n] + "\n" + rows.hyp[n] + "\n" + (rows.nref ? rows.nref[n] + "\n" + rows.nhyp[n] : "")).toLowerCase());
  }
  return haystack;
}
const BINS = 12; /* 0, ten of ten points each, above 100% */
const bin = value => value === 0 ? 0 : value > 1 ? 11 : Math.min(10, Math.ceil(value * 10 - 1e-9));
const binName = k => k === 0 ? "0%" : k === 11 ? "over 100%" : `${10 * (k - 1)}–${10 * k}%`;
const werBin = Uint8Array.from(wer, bin), cerBin = Uint8Array.from(cer, bin);
function passes(leaveOut) {
  const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
  const kind = data.kinds.findIndex(kind => kind.code === state.kind);
  const slice = data.slices[state.column];
  const code = slice ? slice.values.indexOf(state.value) : -1;
  const texts = words.length ? search() : null;
  return n => (state.only === null || n === state.only)
    && (kind < 0 || rows.flags[n] >> kind & 1)
    && (!slice || code < 0 || slice.codes[n] === code)
    && (state.wer === null || leaveOut === "wer" || werBin[n] === state.wer)
    && (state.cer === null || leaveOut === "cer" || cerBin[n] === state.cer)
    && (!texts || words.every(word => texts[n].includes(word)))
    && (state.kind !== "judged" || verdicts.has(rows.id[n]));
}
const SORTS = {
  "most word errors": (a, b) => rows.errors[b] - rows.errors[a] || wer[b] - wer[a],
  "highest WER": (a, b) => (wer[b] > wer[a]) - (wer[b] < wer[a]) || rows.errors[b] - rows.errors[a],
  "highest CER": (a, b) => (cer[b] > cer[a]) - (cer[b] < cer[a]) || rows.char_errors[b] - rows.char_errors[a],
  "most suspicious reference": (a, b) => rows.suspicion[b] - rows.suspicion[a] || rows.errors[b] - rows.errors[a],
  "most confident": (a, b) => (rows.confidence[b] ?? -1) - (rows.confidence[a] ?? -1),
  "longest": (a, b) => rows.duration[b] - rows.duration[a],
  "order of the data set": (a, b) => rows.row[a] - rows.row[b],
  "won most against the baseline": (a, b) => (rows.errors[a] - rows.baseline_errors[a]) - (rows.errors[b] - rows.baseline_errors[b]),
  "lost most against the baseline": (a, b) => (rows.errors[b] - rows.baseline_errors[b]) - (rows.errors[a] - rows.baseline_errors[a]),
};
function select() {
  const pass = passes();
  shown = [];
  for (let n = 0; n < size; n++) if (pass(n)) shown.push(n);
  shown.sort((a, b) => SORTS[state.sort](a, b) || a - b);
}
function update(keepPage) {
  if (!keepPage) state.page = 0;
  select(); showCharts(); showPage(); showChips();
  $("count").textContent = `${shown.length.toLocaleString("en")} of ${size.toLocaleString("en")} utterances`;
}
function showChips() {
  const active = [];
  if (state.wer !== null) active.push(["WER " + binName(state.wer), () => { state.wer = null; }]);
  if (state.cer !== null) active.push(["CER " + binName(state.cer), () => { state.cer = null; }]);
  if (state.only !== null) active.push([rows.id[state.only], () => { state.only = null; }]);
  $("chips").replaceChildren(...active.map(([name, clear]) => element("button", { class: "chip", onclick: () => { clear(); update(); }, title: "remove this filter" }, name + " ×")));
}

/* ---- charts ---- */
function histogram(id, bins, chosen, pass, pick) {
  const all = new Array(BINS).fill(0), now = new Array(BINS).fill(0);
  for (let n = 0; n < size; n++) { all[bins[n]]++; if (pass(n)) now[bins[n]]++; }
  const svg = $(id), width = 360, height = 168, floor = 142, top = 16, step = width / BINS, most = Math.max(1, ...all);
  const make = (tag, attributes, text) => { const made = document.createElementNS("http://www.w3.org/2000/svg", tag); for (const key in attributes) made.setAttribute(key, attributes[key]); if (text) made.textContent = text; return made; };
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`); svg.setAttribute("preserveAspectRatio", "none"); svg.replaceChildren();
  svg.removeAttribute("preserveAspectRatio");
  for (let k = 0; k < BINS; k++) {
    const tall = count => count ? Math.max(1.5, (floor - top) * count / most) : 0;
    const bar = (count, name) => make("rect", { x: k * step + 1.5, width: step - 3, y: floor - tall(count), height: tall(count), rx: 1.5, class: name });
    const hit = make("rect", { x: k * step, width: step, y: 0, height, class: "hit" });
    hit.append(make("title", {}, `${binName(k)}: ${now[k].toLocaleString("en")} of ${all[k].toLocaleString("en")}`));
    hit.addEventListener("click", () => { pick(chosen === k ? null : k); update(); });
    svg.append(bar(all[k], "all"), bar(now[k], "now" + (chosen === k ? " on" : "")), hit);
    if (now[k]) svg.append(make("text", { x: (k + .5) * step, y: floor - tall(all[k]) - 4, "text-anchor": "middle", "pointer-events": "none" }, short(now[k])));
    const label = k === 0 ? "0" : k === 11 ? ">100" : k % 2 || k === 10 ? "" : String(10 * k);
    if (label) svg.append(make("text", { x: k === 0 || k === 11 ? (k + .5) * step : (k + 1) * step, y: floor + 15, "text-anchor": "middle" }, label));
  }
}
const short = count => count >= 10000 ? Math.round(count / 1000) + "k" : count >= 1000 ? (count / 1000).toFixed(1) + "k" : String(count);
let points = null;
function scatter() {
  const canvas = $("scatter"), ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * ratio; canvas.height = height * ratio;
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const colour = name => style.getPropertyValue(name).trim();
  pen.scale(ratio, ratio); pen.font = "11px " + colour("--sans"); pen.fillStyle = colour("--faint"); pen.strokeStyle = colour("--line");
  let longest = 1; for (let n = 0; n < size; n++) longest = Math.max(longest, rows.duration[n]);
  const left = 34, bottom = 22, top = 6, right = 6, ceiling = 1.25;
  const x = s => left + (width - left - right) * s / longest, y = r => top + (height - top - bottom) * (1 - Math.min(r, ceiling) / ceiling);
  for (const tick of [0, .5, 1]) { pen.beginPath(); pen.moveTo(left, y(tick)); pen.lineTo(width - right, y(tick)); pen.stroke(); pen.textAlign = "right"; pen.fillText(percent(tick), left - 5, y(tick) + 4); }
  const ticks = [longest / 2, longest]; pen.textAlign = "center"; pen.fillText("0", x(0), height - 6);
  for (const s of ticks) { pen.textAlign = s === longest ? "right" : "center"; pen.fillText(`${s.toPrecision(3)} s`, x(s), height - 6); }
  pen.fillStyle = colour("--series-1"); pen.globalAlpha = Math.max(.06, Math.min(.65, 40 / Math.sqrt(shown.length + 1) / 2));
  points = { list: shown.slice(), x, y };
  for (const n of shown) { pen.beginPath(); pen.arc(x(rows.duration[n]), y(wer[n]), 2.4, 0, 7); pen.fill(); }
}
$("scatter").onclick = event => {
  let best = null, least = 144;
  for (const n of points.list) {
    const near = (points.x(rows.duration[n]) - event.offsetX) ** 2 + (points.y(wer[n]) - event.offsetY) ** 2;
    if (near < least) { least = near; best = n; }
  }
  if (best !== null) { state.only = best; update(); }
};
function showCharts() {
  histogram("hist-wer", werBin, state.wer, passes("wer"), value => { state.wer = value; });
  histogram("hist-cer", cerBin, state.cer, passes("cer"), value => { state.cer = value; });
  scatter();
}
let resized; addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(scatter, 150); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", scatter);

/* ---- one utterance ---- */
function alignment(n) {
  const ours = (rows.nref || rows.ref)[n].split(/\s+/u).filter(Boolean), theirs = (rows.nhyp || rows.hyp)[n].split(/\s+/u).filter(Boolean);
  const line = element("p", { class: "said", dir: "auto" });
  const put = (tag, words, title) => { if (words.length) line.append(tag ? element(tag, { title, dir: "auto" }, words.join(" ")) : words.join(" "), " "); };
  const edits = rows.edits[n]; let at = 0;
  for (let k = 0; k < edits.length; k += 4) {
    const [from, to, start, end] = edits.slice(k, k + 4);
    put(null, ours.slice(at, from));
    put("del", ours.slice(from, to), "in the reference");
    put("ins", theirs.slice(start, end), "in the hypothesis");
    at = to;
  }
  put(null, ours.slice(at));
  if (!line.childNodes.length) line.append(element("span", { class: "faint" }, "(empty reference, no output)"));
  return line;
}
function player(n) {
  const embedded = $("audio-" + rows.row[n]);
  const source = served ? "clip?row=" + rows.row[n] : embedded ? embedded.textContent.trim() : null;
  if (source) return element("audio", { controls: true, preload: "none", src: source });
  return element("span", { class: "faint" }, "no audio in this file");
}
function judge(n) {
  const given = verdicts.get(rows.id[n]), box = element("select", { "aria-label": "verdict" });
  for (const [value, name] of CHOICES) box.append(element("option", { value }, name));
  const text = element("input", { value: given?.text ?? rows.ref[n], hidden: given?.choice !== "transcript", dir: "auto", "aria-label": "corrected text", placeholder: "corrected text; leave as it is to drop the utterance" });
  box.value = given?.choice ?? ""; box.classList.toggle("given", Boolean(given));
  box.onchange = () => { text.hidden = box.value !== "transcript"; box.classList.toggle("given", Boolean(box.value)); setVerdict(n, box.value, text.value); };
  text.onchange = () => setVerdict(n, box.value, text.value);
  return [box, text];
}
function details(n) {
  const facts = [["reference", rows.ref[n]], ["hypothesis", rows.hyp[n]]];
  if (rows.baseline) facts.push([`baseline (${rows.baseline_errors[n]} errors)`, rows.baseline[n]]);
  for (const [column, slice] of Object.entries(data.slices)) if (column !== "duration") facts.push([column, slice.values[slice.codes[n]]]);
  if (rows.fault[n]) facts.push(["fault", rows.fault[n]]);
  const list = element("dl");
  for (const [name, value] of facts) list.append(element("dt", {}, name), element("dd", { dir: "auto" }, value || "—"));
  return element("details", {}, element("summary", {}, "source texts"), list);
}
function card(n) {
  const facts = [`${rows.errors[n]} error${rows.errors[n] === 1 ? "" : "s"} in ${rows.words[n]} words`, `CER ${percent(cer[n])}`, `${rows.duration[n].toFixed(1)} s`];
  if (rows.confidence[n] !== null) facts.push(`confidence ${rows.confidence[n].toFixed(2)}`);
  const meta = element("div", { class: "meta" }, element("b", {}, percent(wer[n])), ...facts.map(fact => element("span", {}, fact)));
  if (rows.baseline_errors) { const change = rows.errors[n] - rows.baseline_errors[n]; if (change) meta.append(element("span", { class: change < 0 ? "good" : "bad" }, `${change > 0 ? "+" : "−"}${Math.abs(change)} against the baseline`)); }
  data.kinds.forEach((kind, bit) => { if (rows.flags[n] >> bit & 1) meta.append(element("span", { class: "badge " + (kind.code === "suspect_reference" ? "warning" : "info"), title: kind.meaning }, kind.short)); });
  meta.append(element("span", { class: "id" }, rows.id[n]));
  return element("article", { class: "utterance", "data-id": rows.id[n] }, meta, alignment(n), element("div", { class: "acts" }, player(n), ...judge(n)), details(n));
}
function showPage() {
  const pages = Math.max(1, Math.ceil(shown.length / perPage));
  state.page = Math.min(state.page, pages - 1);
  const here = shown.slice(state.page * perPage, (state.page + 1) * perPage);
  $("list").replaceChildren(...here.map(card));
  if (!here.length) $("list").append(element("p", { class: "faint" }, "No utterance passes these filters."));
  $("page").textContent = `page ${state.page + 1} of ${pages.toLocaleString("en")}`;
  $("back").disabled = !state.page; $("forth").disabled = state.page + 1 >= pages;
}
function turn(by) { state.page += by; showPage(); $("controls").scrollIntoView(); }
$("back").onclick = () => turn(-1); $("forth").onclick = () => turn(1);

/* ---- controls ---- */
function options(box, entries) { box.replaceChildren(...entries.map(([value, name]) => element("option", { value }, name))); }
options($("kind"), [["", "all kinds"], ...data.kinds.filter((_, bit) => rows.flags.some(flags => flags >> bit & 1)).map(kind => [kind.code, kind.title]), ["judged", "with a verdict"]]);
options($("column"), [["", "all slices"], ...Object.keys(data.slices).map(name => [name, name])]);
options($("sort"), data.sorts.map(name => [name, "sort: " + name]));
function showValues() {
  const slice = data.slices[state.column];
  $("value").hidden = !slice;
  options($("value"), slice ? [["", "any " + state.column], ...slice.values.map(name => [name, name])] : []);
  $("value").value = state.value;
}
let typed; $("search").oninput = () => { clearTimeout(typed); typed = setTimeout(() => { state.query = $("search").value; update(); }, 120); };
$("kind").onchange = () => { state.kind = $("kind").value; if (state.kind === "suspect_reference") $("sort").value = state.sort = "most suspicious reference"; update(); };
$("column").onchange = () => { state.column = $("column").value; state.value = ""; showValues(); update(); };
$("value").onchange = () => { state.value = $("value").value; update(); };
$("sort").onchange = () => { state.sort = $("sort").value; update(); };
document.addEventListener("click", event => {
  const button = event.target.closest("button.link");
  if (!button) return;
  if (button.dataset.kind) { $("kind").value = button.dataset.kind; $("kind").onchange(); }
  else { state.column = $("column").value = button.dataset.slice; state.value = button.dataset.value; showValues(); update(); }
  $("utterances").scrollIntoView({ behavior: "smooth" });
});
addEventListener("keydown", event => { if (event.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) { event.preventDefault(); $("search").focus(); } });

showValues(); showExport(); update();
document.addEventListener("DOMContentLoaded", () => showPage());
if (location.protocol.startsWith("http")) {
  fetch("verdicts").then(answer => answer.ok ? answer.json() : null).then(entries => {
    if (!Array.isArray(entries)) return;
    served = true; loadVerdicts(entries); showExport(); showPage();
  }).catch(() => {});
}
document.documentElement.dataset.ready = "yes";
})();
