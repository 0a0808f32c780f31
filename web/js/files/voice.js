// Voice notes: held or tapped to record, listened to before they are sent. Opus at 24 kbit/s where the browser has it,
// three minutes at most. Nothing is recorded that nobody sees: where the page is hidden, it ends.

import { element } from "./element.js";
import { BARS, bar, inMinutes, peaks } from "./wave.js";

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const ENDINGS = { "audio/webm": "webm", "audio/mp4": "m4a", "audio/ogg": "ogg" };
const LONGEST = 180_000;
const LAST = 30_000; // that is said, and counted down
const HELD = 400; // released later than this, the button was held: that ends it
const EVERY = 100;
const WHY = {
  NotAllowedError: "The microphone may not be used. Allow it for this site, then press the button again. Nothing that you wrote is lost.",
  NotFoundError: "There is no microphone to be found.",
};

let current;

/** The button was pressed: it begins, or ends what was begun. `released` resolves once a finger or a mouse lets go of it;
 *  `keep(file, note)` takes the note, `say(words)` tells. */
export async function pressed(button, released, { keep, say }) {
  if (current) return current.stop?.();
  current = {}; // until the microphone is there, pressing again changes nothing
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    const recording = (current = new Recording(stream, button, keep));
    released?.then(() => performance.now() - recording.began > HELD && recording.stop());
  } catch (error) {
    current = undefined;
    for (const track of stream?.getTracks() ?? []) track.stop();
    say(WHY[error.name] ?? "The microphone cannot be used just now.");
  }
}

class Recording {
  #levels = [];
  #chunks = [];
  #hidden = () => document.hidden && this.stop();
  #sent = () => this.stop();

  constructor(stream, button, keep) {
    Object.assign(this, { stream, button, keep });
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 24_000 });
    this.recorder.ondataavailable = ({ data }) => this.#chunks.push(data);
    this.recorder.onstop = () => this.#done();
    this.#listen();
    this.#show();
    document.addEventListener("visibilitychange", this.#hidden);
    this.recorder.start();
    this.began = performance.now();
  }

  stop() {
    this.took ??= performance.now() - this.began;
    if (this.recorder.state !== "inactive") this.recorder.stop();
  }

  discard() {
    this.isDiscarded = true;
    this.stop();
  }

  #show() {
    this.bar = element("div", "recording row", { role: "group", ariaLabel: "Voice note" });
    this.time = element("span", "number");
    this.wave = element("span", "wave", { ariaHidden: "true" });
    this.said = element("span", "unseen", { role: "status" });
    const stop = element("button", "small main", { type: "button", textContent: "Stop", onclick: () => this.stop() });
    const discard = element("button", "small bare", { type: "button", textContent: "Discard", onclick: () => this.discard() });
    this.bar.append(this.said, this.time, this.wave, stop, discard);
    this.button.setAttribute("aria-pressed", "true");
    this.#place();
    this.said.textContent = "Recording";
    this.#tick(0);
  }

  /** Sending ends it and takes it along. */
  #place() {
    const { form } = this.button;
    form.querySelector(".writing").before(this.bar);
    form.addEventListener("submit", this.#sent, true);
    const composer = form.parentElement;
    composer.picking = new Promise((resolve) => (this.finished = () => (delete composer.picking, resolve())));
  }

  #listen() {
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    const samples = new Float32Array(analyser.fftSize);
    this.context.createMediaStreamSource(this.stream).connect(analyser);
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#levels.push(Math.max(...samples.map(Math.abs)));
      this.wave.replaceChildren(...peaks(this.#levels.slice(-BARS)).map(bar));
      this.#tick(performance.now() - this.began);
    }, EVERY);
  }

  #tick(passed) {
    const left = LONGEST - passed;
    const isLast = left < LAST;
    this.time.textContent = isLast ? `${inMinutes(left)} left` : inMinutes(passed);
    if (isLast && !this.bar.matches(".last")) this.said.textContent = `${LAST / 1_000} seconds left`;
    this.bar.classList.toggle("last", isLast);
    if (left <= 0) this.stop();
    else if (!this.bar.isConnected) this.discard(); // nothing can be written here any more
  }

  async #done() {
    current = undefined;
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.#hidden);
    this.button.form?.removeEventListener("submit", this.#sent, true);
    this.context.close();
    for (const track of this.stream.getTracks()) track.stop();
    const hadFocus = this.bar.contains(document.activeElement);
    this.bar.remove();
    this.button.removeAttribute("aria-pressed");
    if (hadFocus) this.button.focus();
    const type = this.recorder.mimeType.split(";")[0];
    const file = new File(this.#chunks, `Voice note.${ENDINGS[type] ?? "webm"}`, { type });
    if (!this.isDiscarded && file.size) await this.keep(file, this.#note());
    this.finished();
  }

  #note() {
    const took = this.took ?? performance.now() - this.began;
    const waveform = peaks(this.#levels).map((peak) => peak.toString(36)).join("");
    return { duration_ms: Math.max(1, Math.round(Math.min(LONGEST, took))), waveform: waveform || "0" };
  }
}
