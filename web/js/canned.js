// Replies written beforehand: `/` in an empty composer lists them, further letters narrow the list.
// The list comes with the page, as data: [{shortcut, body}].

export class CannedReplies {
  #replies;
  #found = [];
  #at = 0;

  constructor(composer, text) {
    this.text = text;
    this.list = composer.querySelector(".canned");
    this.#replies = JSON.parse(composer.querySelector(".canned-replies")?.textContent ?? "[]");
    if (!this.list) return;
    text.setAttribute("aria-autocomplete", "list");
    text.setAttribute("aria-controls", this.list.id);
    text.addEventListener("blur", () => this.#show([]));
    // Before the text loses the focus.
    this.list.addEventListener("pointerdown", (event) => this.#press(event));
  }

  /** Call it whenever the text has changed. */
  look() {
    const typed = /^\/(\S*)$/.exec(this.text.value)?.[1]?.toLowerCase();
    if (!this.list) return;
    this.#show(typed === undefined ? [] : this.#replies.filter(({ shortcut }) => shortcut.toLowerCase().includes(typed)));
  }

  /** Whether the list has made use of the key. */
  key(event) {
    if (!this.#found.length || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#choose((this.#at + step + this.#found.length) % this.#found.length);
    else if (event.key === "Enter" || event.key === "Tab") this.#take();
    else if (event.key === "Escape") this.#show([]);
    else return false;
    event.preventDefault();
    return true;
  }

  #show(found) {
    this.#found = found;
    this.list.hidden = !found.length;
    this.list.replaceChildren(...found.map(option));
    if (found.length) this.#choose(0);
    else this.text.removeAttribute("aria-activedescendant");
  }

  #choose(at) {
    this.#at = at;
    [...this.list.children].forEach((item, n) => item.setAttribute("aria-selected", n === at));
    this.text.setAttribute("aria-activedescendant", this.list.children[at].id);
    this.list.children[at].scrollIntoView({ block: "nearest" });
  }

  #press(event) {
    const item = event.target.closest("[role=option]");
    if (!item) return;
    event.preventDefault();
    this.#at = [...this.list.children].indexOf(item);
    this.#take();
  }

  #take() {
    this.text.value = this.#found[this.#at].body;
    this.#show([]);
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function option({ shortcut, body }, n) {
  const item = document.createElement("li");
  const name = document.createElement("b");
  item.id = `canned-${n}`;
  item.setAttribute("role", "option");
  name.textContent = `/${shortcut}`;
  item.append(name, " ", body);
  return item;
}
