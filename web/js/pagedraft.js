// What is half written on a page, kept under a name of the page's own, because two tabs may hold two letters; what a page
// leaves behind goes on in the next one about the same.

import { newKey } from "./keys.js";
import { DRAFTS, names, read, remove, turnPage, write } from "./store.js";

const LETS_GO_WITHIN = 1_000; // a page that was left for this one may hold its own a moment longer

export class PageDraft {
  #root;
  #name;
  #before;

  /** `about` is a ticket's number, or `new`. */
  constructor(person, about) {
    this.#root = `${DRAFTS}${person}:${about}`;
    this.#name = `${this.#root}:${newKey()}`;
    this.#before = turnPage(this.#name);
    hold(this.#name);
  }

  /** Keeps this, or with nothing forgets what was kept. Returns whether it outlives the page. */
  keep(value) {
    if (value) return write(this.#name, value);
    this.forget();
    return true;
  }

  forget() {
    remove(this.#name);
  }

  /** Goes on with what pages that are gone have left, this tab's last one first: `take(left, isOfThisTab)` for each,
   *  which returns whether this page keeps it now. */
  async adopt(take) {
    const others = names(this.#root).filter((name) => name !== this.#name);
    const isBefore = (name) => name === this.#before;
    for (const name of others.sort((one, other) => isBefore(other) - isBefore(one))) {
      // An earlier version kept one for all pages, by the bare name.
      if (name !== this.#root && !name.startsWith(`${this.#root}:`)) continue;
      await whenFree(name, isBefore(name), () => {
        const left = read(name); // nothing if another page was quicker
        if (left && take(left, isBefore(name))) remove(name);
      });
    }
  }
}

/** For as long as this page lives. */
function hold(name) {
  navigator.locks?.request(name, () => new Promise(() => {})).catch(() => {});
}

/** Acts unless a page that lives holds it; one that `isLeaving` is waited for. Without locks nobody knows who lives: then
 *  a letter may be in two tabs, and is in none too few. */
function whenFree(name, isLeaving, action) {
  if (!navigator.locks) return action();
  const patience = isLeaving ? { signal: AbortSignal.timeout(LETS_GO_WITHIN) } : { ifAvailable: true };
  return navigator.locks.request(name, patience, (lock) => lock && action()).catch(() => {});
}
