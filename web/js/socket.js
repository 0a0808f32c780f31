// The one connection to the desk. It says when it is up, asks with an answer or an error, and always comes back.

import { io } from "socket.io-client";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const ANSWER_WITHIN = 10_000;
const CHECK_AFTER_HIDDEN = 20_000;

/** No answer came: whether it was done is unknown, and the same key may be sent again. */
export class Lost extends Error {}

/** The desk said no. `code` is one of the contract's. */
export class Refused extends Error {
  constructor({ code, message, fields, retry_after: retryAfter }) {
    super(message);
    Object.assign(this, { code, fields, retryAfter });
  }
}

export class Connection {
  #socket = io({ transports: ["websocket", "polling"], tryAllTransports: true, reconnection: false, timeout: 10_000 });
  #tries = 0;
  #timer;
  #pause = 0;
  #hiddenAt = 0;
  #up = new Set();
  #down = new Set();

  constructor() {
    const socket = this.#socket;
    socket.on("connect", () => this.#connected());
    socket.on("disconnect", () => this.#lost());
    socket.on("connect_error", (error) => this.#refused(error));
    socket.on("goodbye", ({ reconnect_in_ms: ms }) => (this.#pause = ms));
    addEventListener("online", () => this.#hurry(true));
    addEventListener("offline", () => this.#hurry(true));
    addEventListener("pageshow", (event) => event.persisted && this.#hurry(true));
    document.addEventListener("visibilitychange", () => this.#looked());
  }

  get isUp() {
    return this.#socket.connected;
  }

  /** Calls back now if connected, and after every (re)connect. */
  onUp(callback) {
    this.#up.add(callback);
    if (this.isUp) callback();
  }

  onDown(callback) {
    this.#down.add(callback);
  }

  on(name, callback) {
    this.#socket.on(name, callback);
  }

  /** Resolves with the acknowledgement. Throws `Refused`, or `Lost` when there is none in time. */
  async ask(name, payload, within = ANSWER_WITHIN) {
    if (!this.isUp) throw new Lost("not connected");
    let answer;
    try {
      answer = await this.#socket.timeout(within).emitWithAck(name, payload);
    } catch (error) {
      // Still up, but nothing comes back: the line is dead and nobody has noticed yet.
      if (this.isUp) this.#restart();
      throw new Lost(error.message);
    }
    if (!answer.ok) throw new Refused(answer);
    return answer;
  }

  /** A signal: sent if it can be, forgotten if not. */
  signal(name, payload) {
    this.ask(name, payload).catch(() => {});
  }

  #connected() {
    this.#tries = 0;
    this.#pause = 0;
    for (const callback of this.#up) callback();
  }

  #lost() {
    for (const callback of this.#down) callback();
    // Also when the server closed it, after which the library would wait for us for ever.
    this.#connectIn(this.#pause || FIRST_WAIT);
    this.#pause = 0;
  }

  #refused(error) {
    if ((error.data?.code ?? error.message) === "unauthenticated") return location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    for (const callback of this.#down) callback();
    this.#connectIn(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#tries++));
  }

  #connectIn(ms) {
    clearTimeout(this.#timer);
    // Everybody loses the same server at once: they must not come back at once.
    this.#timer = setTimeout(() => this.#socket.connect(), ms * (0.5 + Math.random()));
  }

  #restart() {
    this.#socket.disconnect();
    this.#connectIn(0);
  }

  /** The network or the reader is back: no use in waiting. `doubtful`: an open line may have died unnoticed. */
  #hurry(doubtful) {
    if (!this.isUp) {
      this.#tries = 0;
      this.#connectIn(0);
    } else if (doubtful) {
      for (const callback of this.#up) callback(); // joins again; without an answer the line is restarted
    }
  }

  #looked() {
    if (document.hidden) this.#hiddenAt = Date.now();
    else this.#hurry(Date.now() - this.#hiddenAt > CHECK_AFTER_HIDDEN);
  }
}

/** Says so in the page while the connection is away, once that is worth saying. */
export function showLine(connection, line) {
  let timer;
  if (!line) return;
  connection.onDown(() => {
    timer ??= setTimeout(() => {
      line.hidden = false;
      line.textContent = line.dataset.words;
    }, 1_000);
  });
  connection.onUp(() => {
    clearTimeout(timer);
    timer = undefined;
    line.hidden = true;
    line.textContent = "";
  });
}
