// One file on its way to the desk, in pieces. It goes on where it stopped for as long as it takes, and asks after every
// cut how far it got. What the desk refuses for good ends it.

import { Refused } from "../refusals.js";

const SMALLEST = 64 * 1024;
const LARGEST = 1024 * 1024;
const A_PIECE_TAKES = 1_500; // so that a cut costs little, and the answer is not waited for too often
const SILENCE = 15_000;
const ANSWER_WITHIN = 60_000;
const LONGEST_PAUSE = 15_000;
const PASSING = new Set(["unavailable", "rate_limited", "internal", undefined]);

export class Upload {
  sent = 0;
  /** The attachment, once it is one. */
  attachment = null;
  /** Why it never will be. */
  fault = null;
  /** Why it waits, where the desk said so. */
  trouble = "";
  #piece = SMALLEST;
  #isEnded = false;
  #request;
  #wake = () => {};

  /** `kept` is what an earlier visit kept of it: `{url}`. `changed()` follows every step. */
  constructor(file, { ticket, person, note, url }, changed) {
    Object.assign(this, { file, ticket, person, note, url, changed });
  }

  /** Resolves with the attachment; throws `Refused`, or nothing at all after `cancel`. */
  run() {
    return (this.running ??= this.#run());
  }

  /** The line is back: no use in waiting. */
  hurry() {
    this.#wake();
  }

  cancel() {
    this.#isEnded = true;
    this.#request?.abort();
    if (this.url) fetch(this.url, { method: "DELETE", headers: this.#headers() }).catch(() => {});
  }

  async #run() {
    for (let tries = 0; !this.#isEnded; tries++) {
      const before = this.sent;
      try {
        this.url ??= await this.#begin();
        if (tries) this.sent = await this.#ask();
        await this.#sendRest();
        this.trouble = "";
        this.attachment = await this.#call("POST", this.url);
        this.changed();
        return this.attachment;
      } catch (error) {
        if (this.#isEnded) break;
        if (error instanceof Refused && error.code === "not_found" && this.sent) {
          Object.assign(this, { url: undefined, sent: 0 }); // it took longer than the desk remembers
        } else if (error instanceof Refused && this.#isFinal(error)) {
          this.fault = error.fields?.file ? `${this.file.name} ${error.fields.file}.` : error.message;
          this.changed();
          throw error;
        }
        this.trouble = error instanceof Refused && PASSING.has(error.code) ? error.message : "";
        this.changed();
        if (this.sent > before) tries = 0;
        await this.#pause(Math.max((error.retryAfter ?? 0) * 1_000, 500 * 2 ** Math.min(tries, 5)));
      }
    }
    return new Promise(() => {}); // cancelled: nobody waits for it any more
  }

  /** Another piece than expected is only a matter of asking again; where no more may be sent today, waiting is none. */
  #isFinal({ code, retryAfter }) {
    if (code === "conflict") return !this.url;
    return !PASSING.has(code) || retryAfter > 60;
  }

  async #begin() {
    const metadata = { filename: this.file.name, ...this.note };
    const encoded = Object.entries(metadata).map(([name, value]) => `${name} ${base64(String(value))}`);
    const answer = await this.#fetch("POST", `/api/v1/tickets/${this.ticket}/uploads`, {
      "Upload-Length": this.file.size,
      "Upload-Metadata": encoded.join(","),
    });
    const url = answer.headers.get("Location");
    this.changed(url);
    return url;
  }

  async #ask() {
    const { offset, state } = await this.#call("GET", this.url);
    if (state === "ended") throw new Refused({ code: "not_found", message: "It is over." });
    this.changed();
    return offset;
  }

  async #sendRest() {
    while (this.sent < this.file.size) {
      const start = this.sent;
      const piece = this.file.slice(start, start + this.#piece);
      const began = performance.now();
      await this.#patch(piece, start);
      this.sent = start + piece.size;
      const took = performance.now() - began;
      this.#piece = Math.min(LARGEST, Math.max(SMALLEST, Math.round((this.#piece * A_PIECE_TAKES) / Math.max(took, 50))));
      this.changed();
    }
  }

  /** Not by `fetch`, which does not tell how far it is. */
  #patch(piece, start) {
    return new Promise((resolve, reject) => {
      const request = (this.#request = new XMLHttpRequest());
      let timer;
      const watch = () => {
        clearTimeout(timer);
        timer = setTimeout(() => request.abort(), SILENCE);
      };
      request.open("PATCH", this.url);
      const headers = { "Upload-Offset": start, "Content-Type": "application/offset+octet-stream", ...this.#headers() };
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded }) => {
        watch();
        this.sent = start + Math.min(loaded, piece.size);
        this.changed();
      };
      request.onloadend = () => {
        clearTimeout(timer);
        if (request.status === 204) return resolve();
        this.sent = start;
        reject(refusal(request.status, request.responseText, request.getResponseHeader("Retry-After")));
      };
      watch();
      request.send(piece);
    });
  }

  async #call(method, url) {
    return (await this.#fetch(method, url)).json();
  }

  async #fetch(method, url, headers) {
    const asking = (this.#request = new AbortController()); // given up, nobody wants to know what it would have said
    const timer = setTimeout(() => asking.abort(), ANSWER_WITHIN);
    try {
      const answer = await fetch(url, { method, headers: { ...headers, ...this.#headers() }, signal: asking.signal });
      if (answer.ok) return answer;
      throw refusal(answer.status, await answer.text(), answer.headers.get("Retry-After"));
    } finally {
      clearTimeout(timer);
    }
  }

  #headers() {
    return { "Tus-Resumable": "1.0.0", "As-Person": this.person };
  }

  async #pause(ms) {
    const over = new AbortController();
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, LONGEST_PAUSE) * (0.75 + Math.random() / 2));
      this.#wake = () => (clearTimeout(timer), resolve());
      addEventListener("online", this.#wake, { signal: over.signal });
    });
    over.abort();
  }
}

/** What is not the desk's own answer comes from the line, and passes. */
function refusal(status, text, after) {
  try {
    return new Refused({ ...JSON.parse(text), retry_after: Number(after) });
  } catch {
    return new Error(`no answer of the desk (${status})`);
  }
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
