// Live speech: the microphone to the server over a WebSocket, final text behind final text, partial text in grey.
window.govorLive = (() => {
  const WORKLET = `registerProcessor("govor-pcm", class extends AudioWorkletProcessor {
    constructor() { super(); this.block = new Int16Array(Math.round(sampleRate / 10)); this.at = 0; }
    process([input]) {
      for (const one of input[0] ?? []) {
        this.block[this.at++] = Math.max(-1, Math.min(1, one)) * 32767;
        if (this.at < this.block.length) continue;
        this.port.postMessage(this.block.slice().buffer);
        this.at = 0;
      }
      return true;
    }
  });`;
  const RATE = 16000;
  const button = () => document.getElementById("live");
  const place = () => document.getElementById("live-text");
  let talk = null;
  const label = (text) => {
    const node = [...button().childNodes].find((one) => one.nodeType === 3 && one.nodeValue.trim());
    if (node) node.nodeValue = text;
    button().setAttribute("aria-pressed", String(talk !== null));
  };
  const made = (tag, more = {}) => Object.assign(document.createElement(tag), more);
  const status = (text, wrong = false) => {
    const line = place().querySelector(".govor-live-status");
    line.setAttribute("role", wrong ? "alert" : "status");
    line.textContent = text;
  };
  const clear = () => place().replaceChildren(
    made("p", { className: "govor-live-status" }),
    made("div", { className: "govor-live-lines", dir: "auto", ariaLive: "polite" }),
  );
  const lines = () => place().querySelector(".govor-live-lines");
  // The utterance that is being spoken: final text, then what may change.
  const line = () => {
    const open = lines().querySelector("p.open");
    if (open) return open;
    const fresh = made("p", { className: "open" });
    fresh.append(made("span"), made("span", { className: "partial", ariaHidden: "true" }));
    lines().append(fresh);
    return fresh;
  };
  const atEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const write = (event) => {
    const list = lines(), follow = atEnd(list), open = line();
    const [final, partial] = open.children;
    if (event.type === "final") {
      final.textContent = (final.textContent + event.text).trimStart();
      partial.textContent = "";
      if (event.closed) open.classList.remove("open");
      if (event.closed && !final.textContent) open.remove();
    } else partial.textContent = final.textContent ? event.text : event.text.trimStart();
    if (follow) list.scrollTop = list.scrollHeight;
  };
  const save = (text) => {
    if (!text) return;
    const link = made("a", { download: "live.txt", textContent: "TXT", href: URL.createObjectURL(new Blob([text + "\n"])) });
    const nav = made("nav");
    nav.append(link);
    lines().after(nav);
  };
  const heard = {
    ready: () => status("Listening: speak."),
    partial: write,
    final: write,
    pace: (event) => status(event.step_s > 1
      ? `The server is busy: text comes every ${event.step_s.toFixed(0)} s.` : "Listening: speak."),
    done: (event) => { save(event.text); finish(event.text ? "Done." : "Nothing was heard."); },
    error: (event) => finish(event.error.message, true),
  };
  const finish = (text, wrong = false) => {
    if (!talk) return;
    hush();
    talk.socket?.close();
    talk = null;
    label("Speak live");
    status(text, wrong);
  };
  const hush = () => {
    talk.tracks?.forEach((track) => track.stop());
    talk.context?.close().catch(() => {});
    talk.tracks = talk.context = null;
  };
  const microphone = async (talking) => {
    if (!navigator.mediaDevices?.getUserMedia)
      throw new Error("Browsers give the microphone only to pages of this machine, or with https.");
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    talking.tracks = stream.getTracks();
    const source = (context) => context.createMediaStreamSource(stream);
    try {
      talking.context = new AudioContext({ sampleRate: RATE });
      return source(talking.context);
    } catch {  // a browser that does not change the rate: the server does
      talking.context = new AudioContext();
      return source(talking.context);
    }
  };
  const address = (asked, rate) => {
    const url = new URL("v1/audio/live", document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    for (const [name, value] of Object.entries({ ...asked, sample_rate: rate })) if (value) url.searchParams.set(name, value);
    return url;
  };
  const connect = (talking, asked, source) => {
    const socket = talking.socket = new WebSocket(address(asked, talking.context.sampleRate));
    const pcm = new AudioWorkletNode(talking.context, "govor-pcm", { numberOfOutputs: 0 });
    pcm.port.onmessage = ({ data }) => { if (socket.readyState === WebSocket.OPEN && talking.tracks) socket.send(data); };
    socket.onopen = () => source.connect(pcm);
    socket.onmessage = ({ data }) => { const event = JSON.parse(data); heard[event.type]?.(event); };
    socket.onclose = () => { if (talk === talking) finish("The connection was lost.", true); };
  };
  const start = async (text) => {
    const asked = JSON.parse(text || "{}"), talking = talk = {};
    clear();
    if (asked.error) return finish(asked.error, true);
    label("End");
    status("Waiting for the microphone …");
    try {
      const source = await microphone(talking);
      const module = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
      await talking.context.audioWorklet.addModule(module);
      URL.revokeObjectURL(module);
      if (talk === talking) connect(talking, asked, source);
    } catch (error) {
      const refused = error.name === "NotAllowedError" || error.name === "NotFoundError";
      if (talk === talking) finish(refused ? "The browser gives this page no microphone." : error.message, true);
    }
  };
  const end = () => {
    if (talk.socket?.readyState !== WebSocket.OPEN) return finish("Ended.");
    hush();
    talk.socket.send(JSON.stringify({ type: "end" }));
    status("Writing what was said …");
  };
  document.addEventListener("click", (event) => {
    if (!talk || !event.target.closest?.("#live")) return;
    event.stopImmediatePropagation();
    end();
  }, true);
  return { start };
})();
