// The numbers of one timeline: every entry applied once, in order, with nothing left out. Knows no page and no socket.

const MOST_VAIN_TRIES = 5;
/** Numbers behind the newest entry from which on nobody wants to walk through all of them to get there. */
const FAR = 400;

export class Thread {
  #head;
  #wanted = 0;
  #healing;
  /** Whether newer entries are left out on purpose, until the reader comes to them. */
  isBehind = false;

  /** `apply(entry)` shows one, `early(entry)` hears of one whose turn has not come; `fetchAfter(seq)` answers
   *  `{entries, more, head}`; `far()` begins anew at the newest (`restart`), or stays where it is (`isBehind`). */
  constructor(head, { apply, early, fetchAfter, far }) {
    this.#head = head;
    Object.assign(this, { apply, early, fetchAfter, far });
  }

  /** The highest number applied. */
  get head() {
    return this.#head;
  }

  /** What is shown ends here from now on. */
  restart(head, isBehind = false) {
    this.#head = head;
    this.isBehind = isBehind;
  }

  /** Resolves once these and whatever was missed before them are applied. */
  async take(entries) {
    for (const entry of entries) this.#takeOne(entry);
    if (this.#wanted > this.#head && !this.isBehind) await this.catchUp();
  }

  /** Fetches what is missing, one request at a time, until there is no more. `answer` is what was fetched already. */
  catchUp(answer) {
    this.#healing ??= this.#untilWhole(answer).finally(() => (this.#healing = undefined));
    return this.#healing;
  }

  /** The next ones of those left out. */
  goOn() {
    this.#healing ??= this.#goOn().finally(() => (this.#healing = undefined));
    return this.#healing;
  }

  async #goOn() {
    const { entries, more } = await this.fetchAfter(this.#head);
    for (const entry of entries) this.#takeOne(entry);
    this.isBehind = more;
  }

  async #untilWhole(fetched) {
    for (let vain = 0; vain < MOST_VAIN_TRIES; fetched = undefined) {
      const before = this.#head;
      const { entries, more, head } = fetched ?? (await this.fetchAfter(before));
      const isFar = more && head - before > FAR;
      if (isFar) await this.far();
      else for (const entry of entries) this.#takeOne(entry);
      if (this.isBehind || ((isFar || !more) && this.#wanted <= this.#head)) return;
      vain = this.#head > before ? 0 : vain + 1;
    }
    this.#wanted = this.#head; // what was announced cannot be had (any more)
  }

  #takeOne(entry) {
    if (entry.seq <= this.#head) return;
    if (entry.prev !== this.#head) {
      this.#wanted = Math.max(this.#wanted, entry.seq);
      return this.early(entry);
    }
    this.#head = entry.seq; // first: one that could not be shown must not stop all that follow
    this.apply(entry);
  }
}
