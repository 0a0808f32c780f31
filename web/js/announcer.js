// What a screen reader says of what comes. Words in its place that are written over at once are never heard: whatever comes
// within one moment is said together.

import { spoken } from "./render.js";

const MOMENT = 400;
const MOST_IN_FULL = 3;

export class Announcer {
  /** What comes while the page is only being opened is read with it, and is not new. */
  isQuiet = true;
  #items = [];
  #timer;

  constructor(place) {
    this.place = place;
  }

  /** Says the words of `item` as they are then: they may have been taken back by then. */
  say(item) {
    if (this.isQuiet) return;
    this.#items.push(item);
    this.#timer ??= setTimeout(() => this.#speak(), MOMENT);
  }

  /** This instead of what was about to be said, or nothing of what has been. */
  write(words) {
    if (words) this.#items = [];
    this.place.textContent = words;
  }

  #speak() {
    this.#timer = undefined;
    const words = this.#items.map(spoken);
    if (!words.length) return;
    this.write(words.length > MOST_IN_FULL ? `${words.length} new messages. The last, ${words.at(-1)}` : words.join("\n"));
    this.#items = [];
  }
}
