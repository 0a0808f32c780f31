// What is half written on a ticket: the words of a message and those of a note, each by themselves, for a note among the
// words of a message would go to the customer.

import { PageDraft } from "./pagedraft.js";

let here;

/** This page's. It outlives the composer, of which a closed ticket has none and a reopened one another. */
export const draftOf = (person, ticket) => (here ??= new TicketDraft(person, ticket));

class TicketDraft {
  /** The command whose words are in view: `post_message` or `post_note`. */
  type;
  /** By the command that they are for. */
  words = {};
  /** What the message answers: `{seq, by, text}`. */
  reply;
  #page;

  constructor(person, ticket) {
    this.#page = new PageDraft(person, ticket);
  }

  get isEmpty() {
    return !this.reply && !Object.values(this.words).some(Boolean);
  }

  /** Adds to the words of this type, which come into view. Returns whether they outlive the page. */
  add(type, words) {
    this.type = type;
    this.words[type] = joined(this.words[type], words);
    return this.keep();
  }

  /** As it is now. Returns whether it outlives the page. */
  keep() {
    const { type, words, reply } = this;
    return this.#page.keep(!this.isEmpty && { type, words, reply });
  }

  /** Goes on with what pages that are gone have left; `changed()` follows whatever is found. */
  adopt(changed) {
    this.#page.adopt((left) => {
      const isKept = this.#take(left);
      changed();
      return isKept;
    });
  }

  #take({ type = "post_message", body, words = { [type]: body }, reply }) {
    if (this.isEmpty) this.type = type;
    for (const [kind, found] of Object.entries(words)) this.words[kind] = joined(found, this.words[kind]);
    this.reply ??= reply;
    return this.keep();
  }
}

/** The same words twice are those of one letter. */
function joined(one = "", other = "") {
  return one.trim() === other.trim() ? other : [one, other].filter(Boolean).join("\n");
}
