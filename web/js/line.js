// One connection from its opening to its end: Socket.IO's packets as far as the contract needs them, which is text, one
// namespace, and answers by number. It ends once, also when nothing is heard for longer than the desk may be silent.

import { Lost } from "./refusals.js";

const OPEN_WITHIN = 10_000;

export class Line {
  #carrier;
  #answers = new Map();
  #number = 0;
  #timer;
  #silence = OPEN_WITHIN;
  #isOver = false;
  hasOpened = false;

  /** `on` has `up()`, `refused(why)`, `heard(event, payload)` and `gone()`; `auth` says who connects. */
  constructor(carry, auth, on) {
    Object.assign(this, { auth, on });
    this.#listen();
    try {
      this.#carrier = carry((packet) => this.#isOver || this.#heard(packet), () => this.end());
    } catch {
      setTimeout(() => this.end()); // forbidden or unknown here: as if it had broken, once the caller has this line
    }
  }

  /** Resolves with the acknowledgement; throws `Lost` if the line ends before it comes. */
  ask(event, payload) {
    const number = this.#number++;
    return new Promise((resolve, reject) => {
      this.#answers.set(number, { resolve, reject });
      this.#carrier.send(`42${number}${JSON.stringify([event, payload])}`);
    });
  }

  end() {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#carrier?.close();
    for (const { reject } of this.#answers.values()) reject(new Lost("the line broke"));
    this.on.gone();
  }

  #heard(packet) {
    this.#listen();
    // Engine.IO's own first: opened, closed, ping; 4 is a message, whose second figure is Socket.IO's.
    if (packet === "2") this.#carrier.send("3");
    else if (packet[0] === "0") this.#opened(JSON.parse(packet.slice(1)));
    else if (packet[0] === "4") this.#message(packet[1], packet.slice(2));
    else this.end();
  }

  #opened({ pingInterval, pingTimeout }) {
    this.hasOpened = true;
    this.#carrier.send(`40${JSON.stringify(this.auth)}`);
    this.#silence = pingInterval + pingTimeout;
  }

  #message(type, rest) {
    if (type === "0") return this.on.up();
    if (type === "2") return this.on.heard(...JSON.parse(rest));
    if (type === "3") return this.#answered(rest);
    if (type === "4") this.on.refused(JSON.parse(rest));
    this.end();
  }

  #answered(rest) {
    const begin = rest.indexOf("[");
    const number = Number(rest.slice(0, begin));
    this.#answers.get(number)?.resolve(JSON.parse(rest.slice(begin))[0]);
    this.#answers.delete(number);
  }

  #listen() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(), this.#silence);
  }
}
