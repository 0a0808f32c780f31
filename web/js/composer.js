// <message-composer>: the form that writes. Without scripts it posts; with them it hands a command to whoever listens
// (`compose`), tells when somebody writes (`writing`), and keeps the draft until what was written is kept elsewhere. An
// agent's message and note have words of their own: what is begun as one never becomes the other.

import { draftOf } from "./draft.js";
import { touches } from "./typing.js";

const MOST = 4_000;
const COUNT_FROM = 3_600;

export class MessageComposer extends HTMLElement {
  connectedCallback() {
    if (this.form) return;
    this.form = this.querySelector("form");
    this.text = this.form.elements.body;
    this.replying = this.querySelector(".replying");
    this.counter = this.querySelector(".count");
    this.draft = draftOf(this.dataset.me, this.dataset.ticket);
    this.#restore();
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("input", () => this.#changed());
    this.form.elements.files.addEventListener("change", ({ target }) => (target.parentElement.dataset.count = target.files.length || ""));
    this.text.addEventListener("keydown", (event) => this.#key(event));
    this.text.addEventListener("blur", () => this.#emit("stopped"));
    this.replying.querySelector(".cancel").addEventListener("click", (event) => this.#cancelReply(event));
  }

  get isNote() {
    return this.form.elements.type.value === "post_note";
  }

  /** Answers entry `seq`, by a message; `quoted` is what is shown of it. */
  replyTo(seq, { by, text }) {
    Object.assign(this.draft, { type: "post_message", reply: { seq, by, text } });
    this.#turn();
    this.text.focus();
  }

  /** Puts the words of a command back, for instance of a message that was given up; what is being written stays. */
  giveBack({ type, body }) {
    this.draft.add(type, body);
    this.#turn();
    this.text.focus();
  }

  #submit(event) {
    if (this.picking) return event.preventDefault(), void this.picking.finally(() => this.form.requestSubmit());
    if (this.form.elements.files.value) return; // nobody took them: files go with the form
    event.preventDefault();
    const body = this.text.value.replace(/\r\n?/g, "\n");
    const hasFiles = !this.isNote && this.tray?.count > 0;
    if ((!body.trim() && !hasFiles) || length(body) > MOST) return this.text.focus();
    const { draft } = this;
    const command = { type: this.form.elements.type.value, ...(body.trim() && { body }) };
    if (!this.isNote) {
      if (draft.reply) command.reply_to = draft.reply.seq;
      draft.reply = undefined;
    }
    draft.words[command.type] = "";
    this.#show();
    this.#emit("stopped");
    this.#hand(command, hasFiles ? this.tray.take() : undefined);
    this.text.focus();
  }

  /** Whoever listens puts the promise that it is kept into `detail.kept`; until then the draft outlives this page.
   *  What was picked to go with it has a way of its own, `send(command)`. */
  async #hand(command, send) {
    const detail = { command, send };
    this.#emit("compose", detail);
    await detail.kept;
    this.draft.keep();
  }

  /** Enter sends. It breaks the line with Shift, on touch keyboards, and while an input method composes a word. */
  #key(event) {
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key === "Escape" && !this.replying.hidden) return this.#cancelReply(event);
    if (event.key !== "Enter" || event.shiftKey || isComposing || touches.matches) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  #changed() {
    const type = this.form.elements.type.value;
    if (type !== this.draft.type) {
      this.draft.type = type;
      return this.#turn();
    }
    const { value: body } = this.text;
    this.draft.words[type] = body;
    this.draft.keep();
    this.#measure();
    this.#emit(body && !this.isNote ? "writing" : "stopped");
  }

  /** Other words are in view than were. */
  #turn() {
    this.draft.keep();
    this.#show();
    this.#emit("stopped");
  }

  #restore() {
    const { draft, form } = this;
    const type = form.elements.type.value;
    // What the server gave back in a refused form, or was asked to quote, is newer than the draft.
    if (this.text.value) Object.assign(draft, { type, words: { ...draft.words, [type]: this.text.value } });
    if (!this.replying.hidden) {
      const [by, text] = ["by", "text"].map((what) => this.#quoted(what).textContent);
      draft.reply = { seq: Number(form.elements.reply_to.value), by, text };
    }
    draft.type ??= type;
    this.#show();
    draft.adopt(() => this.#show());
  }

  /** The draft, as it stands in the form; and which other words wait behind those in view. */
  #show() {
    const { type, words } = this.draft;
    this.form.elements.type.value = type;
    if (this.text.value !== (words[type] ?? "")) this.text.value = words[type] ?? "";
    const { isNote } = this;
    this.text.ariaLabel = isNote ? "Internal note" : "Message";
    this.text.placeholder = this.text.placeholder.replace(/a message|an internal note/, isNote ? "an internal note" : "a message");
    for (const label of this.querySelectorAll(".kinds label")) {
      label.toggleAttribute("data-begun", !label.control.checked && Boolean(words[label.control.value]));
    }
    this.#showReply();
    this.#measure();
  }

  #measure() {
    const count = length(this.text.value);
    this.counter.hidden = count < COUNT_FROM;
    this.counter.textContent = `${count.toLocaleString("en")} of ${MOST.toLocaleString("en")} characters`;
    this.counter.classList.toggle("error", count > MOST);
    if (CSS.supports("field-sizing", "content")) return;
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight + 2}px`;
  }

  /** A note answers nobody. */
  #showReply() {
    const { reply } = this.draft;
    this.form.elements.reply_to.value = reply?.seq ?? "";
    this.replying.hidden = !reply || this.isNote;
    this.#quoted("by").textContent = reply?.by ?? "";
    this.#quoted("text").textContent = reply?.text ?? "";
  }

  #quoted(what) {
    return this.replying.querySelector(`.quoted-${what}`);
  }

  #cancelReply(event) {
    event.preventDefault();
    this.draft.reply = undefined;
    this.#turn();
    this.text.focus();
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Characters as the desk counts them. */
const length = (text) => Array.from(text).length;
