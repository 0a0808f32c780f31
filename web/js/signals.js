// What passes and is not kept: who is writing just now. And how far one has read, which is kept.

const REPEAT_AFTER = 3_000;
const STOP_AFTER = 4_000;
const EXPIRES_AFTER = 5_000;

/** Tells the other side that this reader is writing, sparingly. */
export class TypingOut {
  #saidAt = 0;
  #timer;

  constructor(say) {
    this.say = say;
  }

  writing() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), STOP_AFTER);
    if (Date.now() - this.#saidAt < REPEAT_AFTER) return;
    this.#saidAt = Date.now();
    this.say(true);
  }

  stop() {
    clearTimeout(this.#timer);
    if (!this.#saidAt) return;
    this.#saidAt = 0;
    this.say(false);
  }
}

/** Shows who is writing; it passes by itself when nothing more is heard. */
export class TypingIn {
  #timer;

  constructor(place) {
    this.place = place;
  }

  heard({ person, on }) {
    clearTimeout(this.#timer);
    this.place.hidden = !on;
    if (!on) return;
    this.place.querySelector(".typing-name").textContent = person.name;
    this.#timer = setTimeout(() => (this.place.hidden = true), EXPIRES_AFTER);
  }
}

/** Marks as read what has really been looked at: one request at a time, never backwards. */
export class ReadMark {
  #busy = false;

  constructor(timeline, ask) {
    this.timeline = timeline;
    this.ask = ask;
  }

  async look() {
    const { timeline } = this;
    if (this.#busy || !timeline.isLookedAt || timeline.lastForeign <= timeline.read) return;
    this.#busy = true;
    const seq = timeline.last;
    try {
      await this.ask({ ticket: timeline.ticket, seq });
      timeline.read = Math.max(timeline.read, seq);
    } catch {
      return; // asked again when the connection is back
    } finally {
      this.#busy = false;
    }
    this.look(); // more may have come meanwhile
  }
}
