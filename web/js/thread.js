// The numbers of one timeline: every entry applied once, in order, with nothing left out. Knows no page and no socket.

const MOST_VAIN_TRIES = 5;

export class Thread {
  #head;
  #wanted = 0;
  #healing;

  /** `apply(entry)` shows one; `fetchAfter(seq)` answers `{entries, more}`. */
  constructor(head, { apply, fetchAfter }) {
    this.#head = head;
    this.apply = apply;
    this.fetchAfter = fetchAfter;
  }

  /** The highest number applied. */
  get head() {
    return this.#head;
  }

  /** Resolves once these and whatever was missed before them are applied. */
  async take(entries) {
    for (const entry of entries) this.#takeOne(entry);
    if (this.#wanted > this.#head) await this.heal();
  }

  /** Fetches what is missing, one request at a time, until there is no more. */
  heal() {
    this.#healing ??= this.#untilWhole().finally(() => (this.#healing = undefined));
    return this.#healing;
  }

  async #untilWhole() {
    for (let vain = 0; vain < MOST_VAIN_TRIES; ) {
      const before = this.#head;
      const { entries, more } = await this.fetchAfter(before);
      for (const entry of entries) this.#takeOne(entry);
      if (!more && this.#wanted <= this.#head) return;
      vain = this.#head > before ? 0 : vain + 1;
    }
    this.#wanted = this.#head; // what was announced cannot be had (any more)
  }

  #takeOne(entry) {
    if (entry.seq <= this.#head) return;
    if (entry.prev !== this.#head) {
      this.#wanted = Math.max(this.#wanted, entry.seq);
      return;
    }
    this.#head = entry.seq; // first: one that could not be shown must not stop all that follow
    this.apply(entry);
  }
}
