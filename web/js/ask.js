// The conversation with the assistant, loaded when somebody asks for it. What it says is written as text; an address is
// followed only to a page of ours, or by https to another site, of which the reader sees the name.

const LONGEST_PAUSE = 2_000;
const FAILED = "That did not get through. Please try again, or look in the help.";

export function openAsk(bubble) {
  const ask = new Ask(bubble);
  document.body.append(ask.dialog);
  return ask;
}

class Ask {
  #conversation;
  #begun = false;
  #turn = Promise.resolve();

  constructor(bubble) {
    this.bubble = bubble;
    this.log = make("div", { className: "ask-log", role: "log", tabIndex: 0, ariaLabel: "Conversation with the assistant" });
    this.field = make("input", { name: "text", maxLength: 1_000, autocomplete: "off", ariaLabel: "Your question", placeholder: "Ask in your own words" });
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
    this.field.focus();
    if (!this.#begun) this.#say();
    this.#begun = true;
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
    for (const choices of this.log.querySelectorAll(".ask-choices")) choices.remove();
    this.#put(make("p", { className: "mine" }, [label]));
    this.#say(text);
  }

  /** One turn after the other, however quickly somebody types. */
  #say(text) {
    this.#turn = this.#turn.then(async () => {
      const waiting = this.#put(make("p", { className: "waiting" }, ["…"]));
      const answer = await send({ ...(text && { text }), ...(this.#conversation && { conversation: this.#conversation }) });
      waiting.remove();
      this.#conversation = answer.conversation ?? this.#conversation;
      for (const reply of answer.replies) await this.#show(reply);
    });
  }

  async #show(reply) {
    if (reply.type === "pause") return new Promise((done) => setTimeout(done, Math.min(reply.milliseconds, LONGEST_PAUSE)));
    if (reply.text) this.#put(make("p", {}, [reply.text]));
    const link = linkOf(reply);
    if (link) this.#put(link);
    if (reply.options) this.#put(this.#choices(reply.options));
  }

  #choices(options) {
    const buttons = options.map(({ label, text }) => {
      const button = make("button", { type: "button", className: "small" }, [label]);
      button.addEventListener("click", () => {
        this.field.focus();
        this.#choose(label, text);
      });
      return button;
    });
    return make("p", { className: "ask-choices row" }, buttons);
  }

  #put(item) {
    this.log.append(item);
    this.log.scrollTop = this.log.scrollHeight;
    return item;
  }
}

/** Never throws: what went wrong is said. */
async function send(turn) {
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch("/api/v1/assistant", { method: "POST", headers, body: JSON.stringify(turn) });
    const body = await answer.json();
    return answer.ok ? body : { replies: [{ type: "text", text: body.message }] };
  } catch {
    return { replies: [{ type: "text", text: FAILED }, { type: "article", title: "Help", url: "/help" }] };
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
