// <message-composer>: the form that writes. Without scripts it posts; with them it hands a command to whoever listens
// (`compose`), tells when somebody writes (`writing`), and keeps the draft until what was written is kept elsewhere.

import { Draft } from "./store.js";

const MOST = 4_000;
const COUNT_FROM = 3_600;
const touches = matchMedia("(pointer: coarse)");

export class MessageComposer extends HTMLElement {
  connectedCallback() {
    if (this.form) return;
    this.form = this.querySelector("form");
    this.text = this.form.elements.body;
    this.replying = this.querySelector(".replying");
    this.counter = this.querySelector(".count");
    this.draft = new Draft(this.dataset.me, this.dataset.ticket);
    this.#restore();
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("input", () => this.#changed());
    this.form.elements.files.addEventListener("change", ({ target }) => (target.parentElement.dataset.count = target.files.length || ""));
    this.text.addEventListener("keydown", (event) => this.#key(event));
    this.text.addEventListener("blur", () => this.#emit("stopped"));
    this.replying?.querySelector(".cancel").addEventListener("click", (event) => this.#cancelReply(event));
  }

  get isNote() {
    return this.form.elements.type.value === "post_note";
  }

  /** Answers entry `seq`; `quoted` is what is shown of it. */
  replyTo(seq, quoted) {
    this.#setReply(seq, quoted);
    this.#changed();
    this.text.focus();
  }

  /** Puts a text back, for instance that of a discarded message; what is being written stays. */
  giveBack(text) {
    this.text.value = [this.text.value, text].filter(Boolean).join("\n");
    this.#changed();
    this.text.focus();
  }

  #submit(event) {
    if (this.picking) return event.preventDefault(), void this.picking.finally(() => this.form.requestSubmit());
    if (this.form.elements.files.value) return; // nobody took them: files go with the form
    event.preventDefault();
    const body = this.text.value.replace(/\r\n?/g, "\n");
    const hasFiles = !this.isNote && this.tray?.count > 0;
    if ((!body.trim() && !hasFiles) || length(body) > MOST) return this.text.focus();
    const reply = Number(this.form.elements.reply_to?.value);
    const command = { type: this.form.elements.type.value, ...(body.trim() && { body }) };
    if (reply && !this.isNote) command.reply_to = reply;
    this.text.value = "";
    this.#setReply(0);
    this.#measure();
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
    if (!this.text.value) this.draft.clear();
  }

  /** Enter sends. It breaks the line with Shift, on touch keyboards, and while an input method composes a word. */
  #key(event) {
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key === "Escape" && this.form.elements.reply_to?.value) return this.#cancelReply(event);
    if (event.key !== "Enter" || event.shiftKey || isComposing || touches.matches) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  #changed() {
    const { value: body } = this.text;
    const { type, reply_to: reply } = this.form.elements;
    if (body || reply?.value) this.draft.set({ body, type: type.value, reply: this.#reply });
    else this.draft.clear();
    this.#measure();
    this.#emit(body && !this.isNote ? "writing" : "stopped");
  }

  #restore() {
    const draft = this.draft.get();
    // What the server gave back in a refused form is newer than the draft.
    if (draft && !this.text.value) {
      this.text.value = draft.body ?? "";
      this.form.elements.type.value = draft.type ?? "post_message";
      if (draft.reply) this.#setReply(draft.reply.seq, draft.reply);
    }
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

  #setReply(seq, quoted) {
    const field = this.form.elements.reply_to;
    if (!field) return;
    field.value = seq || "";
    this.#reply = seq ? { seq, by: quoted.by, text: quoted.text } : undefined;
    this.replying.hidden = !seq;
    this.replying.querySelector(".quoted-by").textContent = quoted?.by ?? "";
    this.replying.querySelector(".quoted-text").textContent = quoted?.text ?? "";
  }

  #reply;

  #cancelReply(event) {
    event.preventDefault();
    this.#setReply(0);
    this.#changed();
    this.text.focus();
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Characters as the desk counts them. */
const length = (text) => Array.from(text).length;
