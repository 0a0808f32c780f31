// Messages on their way: shown at once, sent in order and one at a time, kept until the desk has acknowledged them.

import { newKey } from "./keys.js";
import { Refused } from "./socket.js";

/** Refusals that pass by themselves; the same key is sent again. */
const PASSING = new Set(["unavailable", "rate_limited"]);
const AGAIN_IN = 2_000;

export class Pending {
  #messages = [];
  #busy = false;
  #timer;

  /** `send(message)` resolves once it is acknowledged and shown; `changed(messages)` redraws. */
  constructor(store, { send, changed }) {
    this.store = store;
    this.send = send;
    this.changed = changed;
  }

  /** What an earlier visit left behind; `isKnown(key)` tells what has arrived after all. */
  async restore(isKnown) {
    for (const message of await this.store.all()) {
      if (isKnown(message.key)) this.store.remove(message.key);
      else if (!this.#find(message.key)) this.#messages.push(message);
    }
    this.#messages.sort((one, other) => one.at - other.at);
    this.#redraw();
    this.pump();
  }

  /** `command` is a `post_message` or a `post_note`. */
  add(command) {
    const last = this.#messages.at(-1)?.at ?? 0;
    const message = { key: newKey(), command, at: Math.max(Date.now(), last + 1), fault: null };
    this.#messages.push(message);
    this.store.put(message);
    this.#redraw();
    this.pump();
  }

  /** Sends what waits. Called after every reconnect. */
  async pump() {
    if (this.#busy) return;
    this.#busy = true;
    clearTimeout(this.#timer);
    try {
      for (let next; (next = this.#messages.find((message) => !message.fault)); ) {
        if (!(await this.#attempt(next))) break;
      }
    } finally {
      this.#busy = false;
    }
  }

  /** It has become an entry. */
  settle(key) {
    const message = this.#find(key);
    if (!message) return;
    this.#messages.splice(this.#messages.indexOf(message), 1);
    this.store.remove(key);
    this.#redraw();
  }

  tryAgain(key) {
    const message = this.#find(key);
    if (!message) return;
    if (message.fault.code === "conflict") {
      this.store.remove(key);
      message.key = newKey();
    }
    message.fault = null;
    this.store.put(message);
    this.#redraw();
    this.pump();
  }

  /** Gives the text back to whoever wants to keep it. */
  discard(key) {
    const command = this.#find(key)?.command;
    this.settle(key);
    return command;
  }

  /** Whether to go on with the next. */
  async #attempt(message) {
    try {
      await this.send(message);
      this.settle(message.key);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) return false; // the connection is away; pumped again when it is back
      if (PASSING.has(error.code)) {
        this.#timer = setTimeout(() => this.pump(), (error.retryAfter ?? 0) * 1_000 || AGAIN_IN);
        return false;
      }
      message.fault = { code: error.code, reason: error.message };
      this.store.put(message);
      this.#redraw();
      return true;
    }
  }

  #find(key) {
    return this.#messages.find((message) => message.key === key);
  }

  #redraw() {
    this.changed(this.#messages);
  }
}
