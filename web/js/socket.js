// The one connection to the desk. It says when it is up, asks with an answer or an error, and always comes back.

import { localiseOne } from "./format.js";
import { Line } from "./line.js";
import { forgetPages } from "./store.js";
import { Lost, Refused } from "./refusals.js";
import { byPolling, byWebSocket, probeWebSocket } from "./transports.js";

export { Lost, Refused };

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const ANSWER_WITHIN = 8_000;
const MOST_PATIENCE = 4;
const WHILE_SENDING = 10_000;
const CHECK_AFTER_HIDDEN = 20_000;
const PROBE_AFTER = 15_000;

export class Connection {
  #line;
  #carry = byWebSocket;
  #tries = 0;
  #patience = 1;
  #timer;
  #pause = 0;
  #hiddenAt = 0;
  #up = new Set();
  #down = new Set();
  #listeners = new Map();
  #isNobody = false;
  isUp = false;
  /** Whether something waits to be sent: then a dead line is not borne with for long. */
  isNeeded = false;

  constructor() {
    this.on("goodbye", ({ reconnect_in_ms: ms }) => (this.#pause = ms));
    addEventListener("online", () => this.#hurry(true));
    addEventListener("offline", () => this.#line?.end()); // browsers let an open line hang then
    addEventListener("pageshow", (event) => event.persisted && this.#hurry(true));
    document.addEventListener("visibilitychange", () => this.#looked());
    this.#open();
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
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), callback]);
  }

  /** Resolves with the acknowledgement. Throws `Refused`, or `Lost` when there is none in time. */
  async ask(name, payload) {
    if (!this.isUp) throw new Lost("not connected");
    const line = this.#line;
    const most = this.isNeeded ? WHILE_SENDING : Infinity;
    const timer = setTimeout(() => this.#givenUp(line), Math.min(most, ANSWER_WITHIN * this.#patience));
    const answer = await line.ask(name, payload).finally(() => clearTimeout(timer));
    this.#tries = 0;
    this.#patience = 1;
    if (!answer.ok) throw new Refused(answer);
    return answer;
  }

  /** A signal: sent if it can be, forgotten if not. */
  signal(name, payload) {
    this.ask(name, payload).catch(() => {});
  }

  #open() {
    const line = new Line(this.#carry, { person: Number(document.documentElement.dataset.me) }, {
      up: () => this.#connected(),
      heard: (event, payload) => this.#listeners.get(event)?.forEach((callback) => callback(payload)),
      refused: ({ data }) => (this.#isNobody = data?.code === "unauthenticated"),
      gone: () => this.#gone(line.hasOpened),
    });
    this.#line = line;
  }

  #connected() {
    this.isUp = true;
    this.#pause = 0;
    for (const callback of this.#up) callback();
    if (this.#carry === byPolling) this.#probe(this.#line);
  }

  #gone(hadOpened) {
    this.#line = undefined;
    this.isUp = false;
    if (this.#isNobody && !document.documentElement.dataset.leaving) return void signedOut(); // else leaving.js sees to it
    for (const callback of this.#down) callback();
    // What is on the way may let no WebSocket through: the other way is tried in turn, until one opens.
    if (!hadOpened) this.#carry = this.#carry === byPolling ? byWebSocket : byPolling;
    // Everybody loses the same server at once: they must not come back at once. In a goodbye it has seen to that itself.
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#tries++) * (0.5 + Math.random());
    this.#openIn(this.#pause || wait);
    this.#pause = 0;
  }

  #openIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#line ?? this.#open(), ms);
  }

  /** Still up, but nothing comes back: the line is dead and nobody has noticed yet. A slow one gets more time next. */
  #givenUp(line) {
    this.#patience = Math.min(MOST_PATIENCE, this.#patience * 2);
    line.end();
  }

  /** Polling was a way out. Where it was only needed for a moment, the better way is taken again. */
  #probe(line) {
    setTimeout(() => {
      if (line !== this.#line) return;
      probeWebSocket(() => {
        this.#carry = byWebSocket;
        line.end();
      });
    }, PROBE_AFTER);
  }

  /** The network or the reader is back: no use in waiting. `doubtful`: an open line may have died unnoticed. */
  #hurry(doubtful) {
    if (!this.isUp) {
      if (doubtful) this.#line?.end(); // an attempt that began on another network may hang
      this.#carry = byWebSocket;
      this.#tries = 0;
      this.#openIn(0);
    } else if (doubtful) {
      for (const callback of this.#up) callback(); // joins again; without an answer the line is restarted
    }
  }

  #looked() {
    if (document.hidden) this.#hiddenAt = Date.now();
    else this.#hurry(Date.now() - this.#hiddenAt > CHECK_AFTER_HIDDEN);
  }
}

/** The session is over, or another person's. What the desk shows now is right; what is kept here of the old is not. */
async function signedOut() {
  await forgetPages();
  location.reload();
}

/** Says so in the page while the connection is away, once that is worth saying; on a kept page also of when it is. */
export function showLine(connection, line) {
  let timer;
  if (!line) return;
  const [words, kept] = line.children;
  const { kept: at } = document.documentElement.dataset;
  const show = (is) => {
    line.hidden = !is;
    words.textContent = is ? line.dataset.words : "";
  };
  if (at) {
    const time = document.createElement("time");
    Object.assign(time, { dateTime: at }).dataset.as = "activity";
    localiseOne(time);
    kept.append(" As of ", time, ".");
    show(true);
  }
  connection.onDown(() => (timer ??= setTimeout(show, 1_000, true)));
  connection.onUp(() => {
    clearTimeout(timer);
    timer = undefined;
    show(false);
  });
}
