// Voice notes: held or tapped to record, listened to before they are sent. Opus at 24 kbit/s, three minutes at most.

import { element } from "./tray.js";

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const ENDINGS = { "audio/webm": "webm", "audio/mp4": "m4a", "audio/ogg": "ogg" };
const LONGEST = 180_000;
const HELD = 400; // released later than this, the button was held: that ends it
const EVERY = 100;
const BARS = 32;

let current;

/** The button was pressed (`isHeld`: and may be held): it begins, or ends what was begun. `keep(file, note)` takes the note, `say(words)` tells. */
export async function pressed(button, isHeld, { keep, say }) {
  if (current) return current.stop();
  const since = performance.now();
  let isReleased = false;
  const release = () => {
    isReleased = performance.now() - since > HELD;
    if (isReleased) current?.stop();
  };
  if (isHeld) addEventListener("pointerup", release, { once: true });
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    current = new Recording(stream, button, keep);
    if (isReleased) current.stop();
  } catch {
    say("The microphone cannot be used: allow it for this site, then try again.");
  }
}

class Recording {
  #levels = [];
  #chunks = [];

  constructor(stream, button, keep) {
    Object.assign(this, { stream, button, keep });
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 24_000 });
    this.recorder.ondataavailable = ({ data }) => this.#chunks.push(data);
    this.recorder.onstop = () => this.#done();
    this.began = performance.now();
    this.#show();
    this.#listen();
    this.recorder.start();
  }

  stop() {
    if (this.recorder.state !== "inactive") this.recorder.stop();
  }

  cancel() {
    this.isCancelled = true;
    this.stop();
  }

  #show() {
    this.bar = element("p", "recording row");
    this.time = element("span", "number", { textContent: "0:00" });
    this.wave = element("span", "wave", { ariaHidden: "true" });
    const stop = element("button", "small", { type: "button", textContent: "Stop", onclick: () => this.stop() });
    const cancel = element("button", "small bare", { type: "button", textContent: "Discard", onclick: () => this.cancel() });
    this.bar.append(element("span", "unseen", { role: "status", textContent: "Recording" }), this.time, this.wave, stop, cancel);
    this.button.closest("form").querySelector(".writing").before(this.bar);
    this.button.setAttribute("aria-pressed", "true");
  }

  #listen() {
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    const samples = new Float32Array(analyser.fftSize);
    this.context.createMediaStreamSource(this.stream).connect(analyser);
    this.timer = setInterval(() => {
      const passed = performance.now() - this.began;
      analyser.getFloatTimeDomainData(samples);
      this.#levels.push(Math.max(...samples.map(Math.abs)));
      this.time.textContent = inMinutes(passed);
      fill(this.wave, peaks(this.#levels.slice(-BARS)));
      if (passed > LONGEST) this.stop();
    }, EVERY);
  }

  #done() {
    current = undefined;
    clearInterval(this.timer);
    this.context.close();
    for (const track of this.stream.getTracks()) track.stop();
    this.bar.remove();
    this.button.removeAttribute("aria-pressed");
    const type = this.recorder.mimeType.split(";")[0];
    const file = new File(this.#chunks, `Voice note.${ENDINGS[type] ?? "webm"}`, { type });
    if (this.isCancelled || !file.size) return;
    const duration = Math.round(Math.min(LONGEST, performance.now() - this.began));
    this.keep(file, { duration_ms: Math.max(1, duration), waveform: peaks(this.#levels).map((peak) => peak.toString(36)).join("") || "0" });
  }
}

/** At most 32 numbers from 0 to 35, the loudest being 35. */
function peaks(levels) {
  const count = Math.min(BARS, levels.length);
  const loudest = Math.max(...levels, 0.01);
  return Array.from({ length: count }, (_, n) => {
    const part = levels.slice(Math.floor((n * levels.length) / count), Math.floor(((n + 1) * levels.length) / count));
    return Math.round((35 * Math.max(...part)) / loudest);
  });
}

function fill(place, heights) {
  place.replaceChildren(
    ...heights.map((height) => {
      const bar = document.createElement("i");
      bar.style.height = `${15 + (85 * height) / 35}%`;
      return bar;
    }),
  );
}

export function inMinutes(ms) {
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
