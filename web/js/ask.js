// The conversation with the assistant, loaded when somebody asks for it. What it says is written as text; an address is
// followed only to a page of ours, or by https to another site, of which the reader sees the name.

import { readyToType } from "./typing.js";

const LONGEST_PAUSE = 2_000;
const WHAT_IS_IT = "What is it about? Tell me in a sentence or two. Perhaps I can settle it; if not, I fill in the form for you.";
const SETTLED = "Glad to hear it! Then no ticket is needed, and none was raised. Come back whenever you like.";
const FILLED = "That is in the form now. What you say from here on can be added to it.";
/** What no ticket is about. */
const GREETING = /^\W*(hi|hello|hey|good (day|morning|afternoon|evening))( there)?\W*$/i;
const FAILED = "That did not get through. Please try again, or look in the help.";

export function openAsk(bubble) {
  const ask = new Ask(bubble);
  document.body.append(ask.dialog);
  return ask;
}

class Ask {
  #conversation;
  #begun = false;
  /** What somebody has said who is about to raise a ticket, and is not in the form: `{asked, words}` each. */
  #said = [];
  /** What their next words answer, if the assistant asked anything. */
  #asked = "";
  #turn = Promise.resolve();

  constructor(bubble) {
    this.bubble = bubble;
    this.raises = "raises" in bubble.dataset;
    this.log = make("div", { className: "ask-log", role: "log", tabIndex: 0, ariaLabel: "Conversation with the assistant" });
    this.field = make("input", { name: "text", maxLength: 1_000, autocomplete: "off", ariaLabel: "Your question", placeholder: "Ask in your own words" });
    // A keyboard that opens leaves little room, in which the newest is what is answered to.
    new ResizeObserver(() => this.#toEnd()).observe(this.log);
    const form = make("form", { className: "ask-form" }, [this.field, make("button", { type: "submit", className: "main" }, ["Send"])]);
    form.addEventListener("submit", (event) => this.#submit(event));
    const close = make("button", { type: "button", className: "bare small", ariaLabel: "Close" }, ["✕"]);
    close.addEventListener("click", () => this.dialog.close());
    const title = make("h2", { id: "ask-title" }, ["Assistant"]);
    this.dialog = make("dialog", { className: "ask" }, [make("div", { className: "row ends" }, [title, close]), this.log, form]);
    this.dialog.setAttribute("aria-labelledby", "ask-title");
    this.dialog.addEventListener("close", () => this.#closed());
    this.dialog.addEventListener("keydown", (event) => event.key === "Escape" && this.dialog.close());
  }

  show() {
    this.dialog.show();
    this.bubble.hidden = true;
    readyToType(this.field, this.log);
    if (!this.#begun) this.#begin();
    this.#begun = true;
  }

  /** Where words leave the house that is said first, whatever they are about. */
  #begin() {
    if (!this.raises || "tells" in this.bubble.dataset) this.#say();
    if (this.raises) this.#turn = this.#turn.then(() => this.#put(make("p", {}, [WHAT_IS_IT])));
  }

  #closed() {
    this.bubble.hidden = false;
    this.bubble.focus();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.field.value.trim();
    if (!text) return;
    this.field.value = "";
    this.#choose(text, text);
  }

  /** What was typed or chosen; the choices that were offered are gone then. */
  #choose(label, text) {
    this.#unoffer();
    this.#put(make("p", { className: "mine" }, [label]));
    if (!GREETING.test(label)) this.#said.push({ asked: this.#asked, words: label });
    this.#asked = "";
    this.#say(text);
  }

  /** One turn after the other, however quickly somebody types. */
  #say(text) {
    this.#turn = this.#turn.then(async () => {
      const waiting = this.#put(make("p", { className: "waiting" }, ["…"]));
      const answer = await send({ ...(text && { text }), ...(this.#conversation && { conversation: this.#conversation }) });
      waiting.remove();
      this.#unoffer(); // of an answer to what was said before this
      this.#conversation = answer.conversation ?? this.#conversation;
      for (const reply of answer.replies) await this.#show(reply);
      if (!text || !this.#said.length) return; // a greeting asks for nothing in particular
      this.#asked = questionIn(answer.replies);
      if (this.raises) this.#put(this.#ways(answer.failed || answer.replies.some(({ type }) => type === "person")));
    });
  }

  /** What somebody who is about to raise a ticket does with an answer; there was none where it `isForPeople`. */
  #ways(isForPeople) {
    const settle = isForPeople ? [] : [make("button", { type: "button", className: "small", onclick: () => this.#settle() }, ["That settles it"])];
    const fill = make("button", { type: "button", className: "small main", onclick: () => this.#fill() }, ["Fill in the form for me"]);
    return make("p", { className: "ask-choices row" }, [...settle, fill]);
  }

  #settle() {
    this.#conclude(SETTLED);
    this.#put(linkOf({ type: "article", title: "My tickets", url: "/tickets" }));
    readyToType(this.field, this.log);
    dispatchEvent(new CustomEvent("settled"));
  }

  #fill() {
    const said = this.#conclude(FILLED);
    // Not before it is closed, which gives the focus to the bubble.
    this.dialog.addEventListener("close", () => dispatchEvent(new CustomEvent("fill", { detail: said })), { once: true });
    this.dialog.close();
  }

  /** What was said until now, which is done with: it goes into the form once at most. */
  #conclude(words) {
    const said = this.#said;
    this.#said = [];
    this.#unoffer();
    this.#put(make("p", {}, [words]));
    return said;
  }

  async #show(reply) {
    if (reply.type === "pause") return new Promise((done) => setTimeout(done, Math.min(reply.milliseconds, LONGEST_PAUSE)));
    if (reply.text) this.#put(make("p", {}, [reply.text]));
    const link = this.raises && reply.type === "person" ? null : linkOf(reply); // the form is right here
    if (link) this.#put(link);
    if (reply.options) this.#put(this.#choices(reply.options));
  }

  #choices(options) {
    const buttons = options.map(({ label, text }) => {
      const button = make("button", { type: "button", className: "small" }, [label]);
      button.addEventListener("click", () => {
        this.#choose(label, text);
        readyToType(this.field, this.log); // the button is gone
      });
      return button;
    });
    return make("p", { className: "ask-choices row" }, buttons);
  }

  #unoffer() {
    for (const choices of this.log.querySelectorAll(".ask-choices")) choices.remove();
  }

  #put(item) {
    this.log.append(item);
    this.#toEnd();
    return item;
  }

  #toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }
}

/** The words before a choice, or those that end as a question does; "" where nothing is asked. */
function questionIn(replies) {
  let said = "";
  let asked = "";
  for (const { text, options } of replies) {
    said = text?.replace(/\s+/g, " ").trim() || said;
    if (options || said.endsWith("?")) asked = said;
  }
  return asked;
}

/** Never throws: what went wrong is said. */
async function send(turn) {
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch("/api/v1/assistant", { method: "POST", headers, body: JSON.stringify(turn) });
    const body = await answer.json();
    return answer.ok ? body : { failed: true, replies: [{ type: "text", text: body.message }] };
  } catch {
    return { failed: true, replies: [{ type: "text", text: FAILED }, { type: "article", title: "Help", url: "/help" }] };
  }
}

function linkOf({ type, title, url }) {
  const ours = /^\/(?![/\\])/.test(url ?? "");
  if (!url || !(ours || (type === "link" && url.startsWith("https://")))) return null;
  const link = make("a", { href: url, className: type === "person" ? "button" : "" }, [title]);
  if (!ours) Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
  return make("p", {}, ours ? [link] : [link, ` (${new URL(url).host})`]);
}

function make(tag, attributes, children = []) {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
}
