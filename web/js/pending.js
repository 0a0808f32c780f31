// One ticket's messages on their way, as its page shows them: at once, sent in order, kept until acknowledged.

import { giveBack } from "./giveback.js";
import { newKey } from "./keys.js";
import { carry, drop, onChange, put, waiting } from "./outbox.js";

export class Pending {
  #messages = [];
  #isBusy = false;
  #isAskedAgain = false;
  #timer;

  /** `send(message)` resolves with its entries once it is acknowledged and shown; `came(entries)` takes those of another
   *  tab; `changed(messages)` redraws; `stuck()` follows when something waits for the connection. */
  constructor(person, ticket, { send, came, changed, stuck }) {
    Object.assign(this, { person, ticket, send, changed, stuck });
    onChange(async (change) => {
      if (change.person !== person || change.ticket !== ticket) return;
      if (change.entries) await came(change.entries);
      this.#reread();
    });
  }

  /** What an earlier visit left behind; `isKnown(key)` tells what has arrived after all. */
  async restore(isKnown) {
    for (const message of await waiting(this.person, this.ticket)) if (isKnown(message.key)) await drop(message);
    await this.#reread();
    this.pump();
  }

  /** `command` is a `post_message` or a `post_note`. Resolves once it is kept, whatever happens to this page then. */
  async add(command, key = newKey()) {
    const last = this.#messages.at(-1)?.at ?? 0;
    const { person, ticket } = this;
    const message = { key, person, ticket, command, at: Math.max(Date.now(), last + 1), fault: null };
    this.#messages.push(message);
    this.#redraw();
    message.isBeingKept = true;
    await put({ ...message, isBeingKept: undefined });
    delete message.isBeingKept;
    await this.#reread();
    this.pump();
  }

  /** Sends what waits. Called after every reconnect. */
  async pump() {
    if (this.#isBusy) return void (this.#isAskedAgain = true);
    this.#isBusy = true;
    clearTimeout(this.#timer);
    try {
      do {
        this.#isAskedAgain = false;
        const wait = await carry(this.person, this.ticket, this.send);
        if (wait) this.#timer = setTimeout(() => this.pump(), wait * 1_000);
        await this.#reread();
      } while (this.#isAskedAgain);
    } catch {
      this.stuck(); // the connection is away; pumped again when it is back
    } finally {
      this.#isBusy = false;
    }
  }

  /** It has become an entry, or is given up. */
  settle(key) {
    const message = this.#find(key);
    if (!message) return;
    this.#messages.splice(this.#messages.indexOf(message), 1);
    drop(message);
    this.#redraw();
  }

  async tryAgain(key) {
    const message = this.#find(key);
    if (!message) return;
    const again = { ...message, fault: null };
    if (message.fault.code === "conflict") {
      await drop(message);
      again.key = newKey();
    }
    await put(again);
    await this.#reread();
    this.pump();
  }

  /** What was to be done, for whoever wants to keep it before it is given up. */
  commandOf(key) {
    return this.#find(key)?.command;
  }

  /** Lets the words of a command be written otherwise; whether it could. For whatever part of the page, because the
   *  draft is one. */
  giveBack(command) {
    return giveBack(this, command);
  }

  /** The outbox is the truth, but for what is just being put there. */
  async #reread() {
    const kept = await waiting(this.person, this.ticket);
    const keys = new Set(kept.map(({ key }) => key));
    const fresh = this.#messages.filter(({ key, isBeingKept }) => isBeingKept && !keys.has(key));
    this.#messages = [...kept, ...fresh];
    this.#redraw();
  }

  #find(key) {
    return this.#messages.find((message) => message.key === key);
  }

  #redraw() {
    this.changed(this.#messages);
  }
}
