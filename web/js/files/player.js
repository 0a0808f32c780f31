// A voice note as it is played: its wave, over which one goes to a moment, how long it takes, and its speed. The wave is
// part of the message: nothing is fetched before it is played.

import { element } from "./element.js";
import { bar, inMinutes } from "./wave.js";

const SPEEDS = [1, 1.5, 2];

/** Every voice note in `root` that has no player yet. */
export function players(root) {
  for (const figure of root.querySelectorAll(".sound[data-waveform]:not(:has(.player))")) addPlayer(figure);
}

/** One that is not yet part of a message. */
export function playerOf(url, { waveform, duration_ms: duration }) {
  const figure = element("figure", "sound");
  Object.assign(figure.dataset, { waveform, duration });
  figure.append(element("audio", "", { src: url, preload: "metadata" }));
  addPlayer(figure);
  return figure;
}

function addPlayer(figure) {
  const audio = figure.querySelector("audio");
  const total = Number(figure.dataset.duration) / 1_000 || 1;
  const play = element("button", "bare play", { type: "button", ariaLabel: "Play" });
  const speed = element("button", "small bare speed", { type: "button", textContent: "1×", ariaLabel: "Speed 1×" });
  const time = element("span", "number small", { textContent: inMinutes(total * 1_000), ariaHidden: "true" });
  const { place, moment } = position(audio, figure.dataset.waveform, total);

  const show = () => {
    play.classList.toggle("playing", !audio.paused);
    play.ariaLabel = audio.paused ? "Play" : "Pause";
    const begun = audio.currentTime > 0 && !audio.ended;
    time.textContent = inMinutes((begun ? audio.currentTime : total) * 1_000);
    moment(begun ? audio.currentTime : 0);
  };
  const listener = { handleEvent: show };
  for (const name of ["play", "pause", "timeupdate", "seeked", "ended"]) audio.addEventListener(name, listener);
  audio.addEventListener("error", () => cannot(figure, audio));
  audio.addEventListener("play", () => silence(audio));
  play.onclick = () => (audio.paused ? audio.play().catch(() => {}) : audio.pause());
  speed.onclick = () => {
    audio.playbackRate = SPEEDS[(SPEEDS.indexOf(audio.playbackRate) + 1) % SPEEDS.length];
    speed.textContent = `${audio.playbackRate}×`;
    speed.ariaLabel = `Speed ${audio.playbackRate}×`;
  };
  const player = element("div", "player", { role: "group", ariaLabel: `Voice note, ${inMinutes(total * 1_000)}` });
  player.append(play, place, time, speed);
  audio.controls = false;
  audio.before(player);
}

/** The wave, and over it a slider that nobody sees, for fingers, keys and readers of screens alike. */
function position(audio, waveform, total) {
  const place = element("span", "wave");
  const slider = element("input", "", { type: "range", min: 0, max: total, step: Math.max(0.1, total / 50), value: 0 });
  slider.setAttribute("aria-label", "Position");
  place.append(...[...waveform].map((peak) => bar(parseInt(peak, 36))), slider);
  const bars = place.querySelectorAll("i");
  const moment = (seconds) => {
    slider.value = seconds;
    slider.setAttribute("aria-valuetext", `${inMinutes(seconds * 1_000)} of ${inMinutes(total * 1_000)}`);
    bars.forEach((one, n) => one.classList.toggle("played", n < (seconds / total) * bars.length));
  };
  slider.oninput = () => {
    audio.currentTime = Math.min(Number(slider.value), total);
    moment(Number(slider.value));
  };
  slider.onkeydown = (event) => event.stopPropagation(); // else the arrows would go to another message
  moment(0);
  return { place, moment };
}

/** One at a time. */
function silence(audio) {
  for (const other of document.querySelectorAll("audio, video")) if (other !== audio) other.pause();
}

/** Not every browser plays what another recorded. */
function cannot(figure, audio) {
  if (figure.querySelector(".unplayable")) return;
  const said = element("p", "unplayable small", { role: "alert", textContent: "This browser cannot play it. " });
  said.append(element("a", "", { href: audio.currentSrc || audio.src, download: "", textContent: "Download" }));
  figure.append(said);
}
