// <ticket-timeline>: what has happened, drawn. It adopts what the server rendered, adds entries at either end, and knows
// what the reader sees of it. Whose turn it is to fetch is not its business.

import { Announcer } from "./announcer.js";
import { arrange, arrangeNext, divideAt, previousEntry } from "./arrange.js";
import { localise } from "./format.js";
import { blank, blankQuotes, quoteOf, refreshQuotes, renderEntry, renderPending, showTicks, withdrawStaleOffers } from "./render.js";
import { Roving } from "./roving.js";
import { Scroll } from "./scroll.js";

const MOST_SHOWN = 1_000;
const KEEP_SHOWN = 600;

export class TicketTimeline extends HTMLElement {
  #takenBack = new Set();

  connectedCallback() {
    if (this.list) return;
    this.list = this.querySelector(".entries");
    this.onWay = this.querySelector(".pending");
    this.announcer = new Announcer(this.querySelector(".announcer"));
    this.#offerOlder();
    const { me, ticket, read, seen, mayWrite } = this.dataset;
    this.ticket = Number(ticket);
    this.viewer = { me: Number(me), seen: Number(seen), mayWrite: mayWrite === "yes" };
    this.read = Number(read);
    this.place = new Scroll(this, () => this.#emit("looked"), () => this.#emit("older"), () => this.#emit("newest"));
    this.roving = new Roving(this.list);
    localise(this.list);
    for (const item of this.entries()) arrange(item);
    setInterval(() => withdrawStaleOffers(this.list), 30_000);
  }

  entries() {
    return this.list.querySelectorAll(":scope > .entry");
  }

  get first() {
    return Number(this.list.querySelector(".entry")?.dataset.seq ?? 0);
  }

  get last() {
    return Number([...this.entries()].at(-1)?.dataset.seq ?? 0);
  }

  item(seq) {
    return this.list.querySelector(`#e${Number(seq)}`);
  }

  hasKey(key) {
    return Boolean(this.list.querySelector(`[data-key="${CSS.escape(key)}"]`));
  }

  /** An entry that follows the last one; not yet the newest while the reader `isBehind`. */
  append(entry, isBehind = false) {
    const item = this.#draw(entry);
    if (!item) return;
    const isForeign = !item.classList.contains("mine");
    this.place.keepFor(isForeign, isBehind, () => {
      this.list.append(item);
      if (isForeign) this.#mark(item);
      else divideAt(this.list, null);
      arrange(item);
    });
    this.roving.changed();
    if (isForeign) this.announcer.say(item);
  }

  /** Older ones, oldest first, in front of the first. */
  prepend(entries) {
    const items = entries.map((entry) => this.#draw(entry)).filter(Boolean);
    const next = this.list.querySelector(".entry");
    this.list.prepend(...items);
    entries.forEach((entry) => entry.reply_to && this.#fillQuote(entry));
    for (const item of items) {
      arrange(item);
      refreshQuotes(this.list, item);
    }
    if (next) arrange(next);
    this.roving.changed();
    this.place.lookAbove();
  }

  /** These instead of what was shown. */
  restart(entries) {
    this.list.replaceChildren();
    for (const entry of entries) {
      const item = this.#draw(entry);
      if (item) this.list.append(item);
    }
    for (const item of this.entries()) arrange(item);
    const unread = [...this.entries()].find((item) => Number(item.dataset.seq) > this.read && !item.matches(".mine"));
    divideAt(this.list, unread);
    this.roving.changed();
    if (unread) this.announcer.write("New messages");
  }

  /** A page that stays open for days, or is walked through from end to end, must not grow for ever. At its end the
   *  oldest go. Returns whether any did. */
  dropOldest() {
    const items = [...this.entries()];
    if (items.length <= MOST_SHOWN || !this.place.isAtEnd) return false;
    while (this.list.firstElementChild !== items[items.length - KEEP_SHOWN]) this.list.firstElementChild.remove();
    arrange(items[items.length - KEEP_SHOWN]);
    this.showOlder(true);
    this.roving.changed();
    return true;
  }

  /** Far above its end the newest go. */
  dropNewest() {
    const items = [...this.entries()];
    if (items.length <= MOST_SHOWN) return false;
    this.place.hold(() => {
      while (this.list.lastElementChild !== items[KEEP_SHOWN - 1]) this.list.lastElementChild.remove();
    });
    this.roving.changed();
    return true;
  }

  /** The words of entry `seq` go, here and where they are quoted, under nobody's eyes moving anything; should it come later
   *  than this, it comes without them. */
  takeBack(seq) {
    this.#takenBack.add(seq);
    this.announcer.write("");
    this.place.keepFor(false, false, () => {
      const item = this.item(seq);
      if (item) blank(item);
      blankQuotes(this, seq);
    });
  }

  /** One that has not changed stays the very item it is: somebody may be about to press its button. */
  showPending(messages) {
    const drawn = new Map([...this.onWay.children].map((item) => [item.dataset.key, item]));
    const isMore = messages.length > drawn.size;
    const items = messages.map((message) => {
      const item = drawn.get(message.key);
      if (item && Boolean(message.fault) === item.matches(".failed")) return item;
      return renderPending(message, this.viewer, quoteOf(this.item(message.command.reply_to)));
    });
    for (const item of drawn.values()) if (!items.includes(item)) item.remove();
    items.forEach((item, n) => item === this.onWay.children[n] || this.onWay.insertBefore(item, this.onWay.children[n]));
    if (isMore) this.place.toEnd();
  }

  /** Whether older entries can be asked for. */
  showOlder(more) {
    this.querySelector(".older").hidden = !more;
  }

  /** The other side has read up to `seq`. */
  readUpTo(seq) {
    if (seq <= this.viewer.seen) return;
    this.viewer.seen = seq;
    for (const item of this.list.querySelectorAll(".entry.mine")) showTicks(item, this.viewer);
  }

  /** The highest number somebody else wrote. */
  get lastForeign() {
    return Number([...this.list.querySelectorAll(".entry:not(.mine)")].at(-1)?.dataset.seq ?? 0);
  }

  get isLookedAt() {
    return !document.hidden && this.place.isAtEnd;
  }

  /** A page that shows everything may come to show only the end of it. */
  #offerOlder() {
    if (this.querySelector(".older")) return;
    const offer = Object.assign(document.createElement("p"), { className: "older", hidden: true });
    offer.append(Object.assign(document.createElement("a"), { href: "#", textContent: "Earlier messages" }));
    this.list.before(offer);
  }

  #draw(entry) {
    const item = renderEntry(entry, this.viewer, quoteOf(this.item(entry.reply_to)));
    if (item && this.#takenBack.has(entry.seq)) blank(item);
    return item;
  }

  #fillQuote(entry) {
    const source = this.item(entry.reply_to);
    if (source) refreshQuotes(this.list, source);
  }

  /** The first one that comes while nobody looks is where the unread begin. */
  #mark(item) {
    const divider = this.list.querySelector(".unread");
    const isCaughtUp = this.read >= Number(previousEntry(item)?.dataset.seq);
    if (!this.isLookedAt && (!divider || isCaughtUp)) divideAt(this.list, item);
    else arrangeNext(item);
  }

  #emit(name) {
    this.dispatchEvent(new CustomEvent(name));
  }
}
