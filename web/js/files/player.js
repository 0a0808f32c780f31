// A voice note as it is played: its wave, which is also the place to go to a moment, how long it takes, and its speed.

import { element } from "./tray.js";

const SPEEDS = [1, 1.5, 2];

/** Every voice note in `root` that has no player yet. */
export function players(root) {
  for (const figure of root.querySelectorAll(".sound[data-waveform]:not(:has(.player))")) addPlayer(figure);
}

function addPlayer(figure) {
  const audio = figure.querySelector("audio");
  const { waveform, duration } = figure.dataset;
  const total = Number(duration) / 1_000 || 1;
  const wave = element("button", "wave bare", { type: "button", ariaLabel: `Go to a moment of ${Math.round(total)} seconds` });
  const speed = element("button", "small bare speed", { type: "button", textContent: "1×", ariaLabel: "Speed: 1×" });
  for (const peak of waveform) {
    const bar = document.createElement("i");
    bar.style.height = `${15 + (85 * parseInt(peak, 36)) / 35}%`;
    wave.append(bar);
  }
  wave.onclick = ({ clientX, detail }) => {
    const { left, width } = wave.getBoundingClientRect();
    if (detail) audio.currentTime = (total * (clientX - left)) / width;
    audio.play();
  };
  audio.ontimeupdate = () => {
    const part = (audio.currentTime / total) * wave.children.length;
    [...wave.children].forEach((bar, n) => bar.classList.toggle("played", n < part));
  };
  speed.onclick = () => {
    audio.playbackRate = SPEEDS[(SPEEDS.indexOf(audio.playbackRate) + 1) % SPEEDS.length];
    speed.textContent = `${audio.playbackRate}×`;
    speed.ariaLabel = `Speed: ${audio.playbackRate}×`;
  };
  const player = element("div", "player row");
  player.append(wave, speed);
  audio.before(player);
}
