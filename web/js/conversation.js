// One ticket, live: the timeline, its numbers, the messages on their way, and the connection, brought together.

import { deliverLater } from "./lasting.js";
import { dropNews, keepNews, keptAt, news } from "./news.js";
import { quoteOf } from "./render.js";
import { Pending } from "./pending.js";
import { ReadMark, TypingIn, TypingOut } from "./signals.js";
import { Lost, Refused } from "./socket.js";
import { forgetPage } from "./store.js";
import { Thread } from "./thread.js";

/** Entries after which the page's facts are others. */
const CHANGES_STATE = new Set(["agent_assigned", "priority_changed", "ticket_closed", "ticket_reopened", "ticket_rated", "person_requested"]);
const OLDER_AT_ONCE = 50;
const STALE = new Set(["conflict", "forbidden", "not_found"]);
const GONE = new Set(["not_found", "forbidden"]);

export class Conversation {
  #state;
  #isFetchingOlder = false;

  constructor(timeline, connection, regions) {
    Object.assign(this, { timeline, connection, regions, ticket: timeline.ticket });
    this.hasOlder = timeline.dataset.older === "yes";
    this.thread = new Thread(timeline.last, {
      apply: (entry) => this.#apply(entry),
      early: (entry) => this.#takeBack(entry),
      fetchAfter: (after) => connection.ask("sync", { ticket: this.ticket, after }),
      far: () => this.#far(),
    });
    this.pending = new Pending(timeline.viewer.me, this.ticket, {
      send: (message) => this.#send(message),
      came: (entries) => this.take(entries),
      changed: (messages) => this.#showPending(messages),
      stuck: deliverLater,
    });
    this.mark = timeline.viewer.mayWrite ? new ReadMark(timeline, (mark) => connection.ask("read", mark)) : null;
    this.typingIn = new TypingIn(timeline.querySelector(".typing"));
    this.typingOut = new TypingOut((on) => connection.signal("typing", { ticket: this.ticket, on }));
    this.#listen();
    if (timeline.viewer.mayWrite) this.pending.restore((key) => timeline.hasKey(key));
    const whole = this.#catchUpWithKept();
    /** All is there that there was before, or cannot be had for now: what comes from now on is new. */
    this.opened = () => whole.then(() => (timeline.announcer.isQuiet = false));
  }

  /** A page that comes from the desk shows everything; a kept one lacks what came after it was made. */
  async #catchUpWithKept() {
    if (!keptAt) return dropNews();
    this.#state = null; // its facts may be old as well
    await this.take(await news());
  }

  /** Entries that came in an acknowledgement. */
  take(entries) {
    return this.thread.take(entries).catch((error) => this.#failed(error));
  }

  #showPending(messages) {
    this.connection.isNeeded = messages.some(({ fault }) => !fault);
    this.timeline.showPending(messages);
  }

  /** Resolves once it is kept. */
  write(command) {
    this.#toNewest();
    return this.pending.add(command);
  }

  #listen() {
    const { connection, timeline } = this;
    const mine = (handle) => (push) => push.ticket === this.ticket && handle(push);
    connection.onUp(() => this.#join());
    connection.onDown(() => (delete timeline.dataset.live, this.opened()));
    connection.on("entry", mine((entry) => this.take([entry])));
    connection.on("typing", mine((signal) => this.typingIn.heard(signal)));
    connection.on("read", mine(({ person, seq }) => person.id !== timeline.viewer.me && timeline.readUpTo(seq)));
    connection.on("presence", (push) => this.regions.presence(push));
    // It may be theirs again by now: the answer says so, or closes the page.
    connection.on("ticket", ({ id, gone }) => id === this.ticket && gone && this.#join());
    timeline.addEventListener("looked", () => this.#looked());
    timeline.addEventListener("newest", () => this.#toNewest());
    timeline.addEventListener("older", () => this.older());
  }

  async #join() {
    try {
      const answer = await this.connection.ask("join", {
        ticket: this.ticket,
        after: this.thread.head,
      });
      const { entries, ticket, reads, more, online } = answer;
      for (const { person, seq } of reads ?? []) if (person.id !== this.timeline.viewer.me) this.timeline.readUpTo(seq);
      if (more && this.thread.isBehind) await this.#lookOver();
      if (more && !this.thread.isBehind) await this.thread.catchUp(answer);
      else await this.thread.take(entries);
      this.#compareState(ticket);
      this.regions.presentAre(online ?? []);
      this.opened();
      this.timeline.dataset.live = "yes";
      this.mark?.look();
      this.pending.pump();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** What changed while the connection was away shows here even if its entry was already on the page. */
  #compareState({ status, priority, agent, rating }) {
    const state = JSON.stringify([status, priority, agent?.id, rating]);
    const isOther = this.#state !== undefined && this.#state !== state;
    this.#state = state;
    if (isOther) this.#refresh();
  }

  async #send({ key, command }) {
    try {
      const answer = await this.connection.ask("do", { ticket: this.ticket, key, command });
      await this.take(answer.entries);
      return answer.entries;
    } catch (error) {
      // The ticket is not as this page believes.
      if (error instanceof Refused && STALE.has(error.code)) this.#join();
      throw error;
    }
  }

  #apply(entry) {
    this.#takeBack(entry);
    this.timeline.append(entry, this.thread.isBehind);
    keepNews([entry], ({ seq }) => seq);
    if (entry.key) this.pending.settle(entry.key);
    if (entry.type === "message_posted") {
      this.typingIn.heard({ on: false });
      this.regions.turn(entry);
    }
    if (entry.type === "ticket_closed") this.regions.close();
    if (CHANGES_STATE.has(entry.type)) this.#refresh();
    this.mark?.look();
    if (this.timeline.dropOldest()) this.hasOlder = true;
  }

  /** Words go at once, whatever else is still to come; and what is kept of them here: the page is fetched, and so kept, anew. */
  #takeBack({ type, of }) {
    if (type !== "message_redacted") return;
    this.timeline.takeBack(of);
    this.#refresh();
  }

  /** Too much has come to walk through all of it: on with the newest, unless the reader is reading what is here. */
  #far() {
    if (this.timeline.place.isAtEnd) return this.#restart();
    this.#stayBehind();
    return this.#lookOver();
  }

  /** Some of what is shown may have been taken back in an entry that is left out: its words go, here and in what is kept. */
  async #lookOver() {
    const { first, last } = this.timeline;
    for (let after = first - 1, entries; after < last; after = entries.at(-1).seq) {
      ({ entries } = await this.connection.ask("sync", { ticket: this.ticket, after }));
      for (const { seq, redacted } of entries) if (redacted) this.timeline.takeBack(seq);
    }
    this.#refresh();
  }

  #stayBehind() {
    this.thread.restart(this.timeline.last, true);
    this.timeline.place.showNewer();
  }

  /** The newest entries alone; what was shown is among the older ones that come when scrolled to. */
  async #restart() {
    const { entries, more } = await this.connection.ask("sync", { ticket: this.ticket, limit: OLDER_AT_ONCE });
    this.timeline.restart(entries);
    this.thread.restart(this.timeline.last);
    this.hasOlder = more;
    this.timeline.showOlder(more);
    for (const { key } of entries) if (key) this.pending.settle(key);
    this.#refresh(); // the page that is kept begins with these, too
  }

  async #looked() {
    try {
      if (this.thread.isBehind && this.timeline.place.isAtEnd) await this.thread.goOn();
    } catch (error) {
      this.#failed(error);
    }
    this.mark?.look();
  }

  async #toNewest() {
    this.timeline.place.toEnd();
    if (!this.thread.isBehind) return;
    await this.#restart().catch((error) => this.#failed(error));
    this.timeline.place.toEnd();
  }

  /** A page of older entries. Returns whether there may be more. */
  async older() {
    if (this.#isFetchingOlder || !this.hasOlder) return this.hasOlder;
    this.#isFetchingOlder = true;
    try {
      const question = { ticket: this.ticket, before: this.timeline.first, limit: OLDER_AT_ONCE };
      const { entries, more } = await this.connection.ask("sync", question);
      this.timeline.prepend(entries);
      if (this.timeline.dropNewest()) this.#stayBehind();
      this.hasOlder = more;
      this.timeline.showOlder(more);
    } catch (error) {
      this.#failed(error);
      return false;
    } finally {
      this.#isFetchingOlder = false;
    }
    return this.hasOlder;
  }

  /** Goes to an entry, fetching what lies between. */
  async show(seq) {
    while (!this.timeline.item(seq) && this.timeline.first > seq) if (!(await this.older())) break;
    this.timeline.item(seq)?.scrollIntoView({ block: "center" });
  }

  quote(seq) {
    return quoteOf(this.timeline.item(seq));
  }

  async #refresh() {
    try {
      if (!(await this.regions.refresh())) this.#gone();
      dropNews();
    } catch {
      this.#state = null; // asked again with the next join
    }
  }

  #failed(error) {
    if (error instanceof Refused && GONE.has(error.code)) this.#gone();
    else if (!(error instanceof Refused || error instanceof Lost)) throw error; // a mistake of ours: not to be hidden
  }

  /** The ticket is no longer this person's: nothing more can be written, and what is shown may be old. */
  #gone() {
    this.regions.close();
    forgetPage(location.pathname);
    dropNews();
    document.getElementById("gone").hidden = false;
  }
}
