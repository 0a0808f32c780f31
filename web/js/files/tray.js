// What is picked and not yet sent: shown above the text at once, and uploading meanwhile.

import { parts, sizeInWords } from "./draw.js";
import { element } from "./element.js";
import { fitted } from "./fit.js";
import { playerOf } from "./player.js";
import { Upload } from "./upload.js";

const MOST = 5;
const LARGEST = 10 * 1024 * 1024;

export class Tray {
  #picks = [];

  /** `send(command, picks)` sends a message with what was picked. */
  constructor(timeline, send, connection) {
    Object.assign(this, { timeline, send });
    this.list = element("ul", "tray", { ariaLabel: "Files to send" });
    this.said = element("p", "error small", { role: "alert", hidden: true });
    // The composer goes with a ticket that is closed, and comes with one that is reopened; what was picked stays.
    new MutationObserver(() => this.#attach()).observe(document.getElementById("panel"), { childList: true });
    connection.onUp(() => this.#picks.forEach(({ upload }) => upload?.hurry()));
  }

  get count() {
    return this.#picks.filter(({ upload }) => upload && !upload.fault).length;
  }

  /** Hands over what was picked: the answer sends it with a command. */
  take() {
    const picks = this.#picks.filter(({ upload }) => upload && !upload.fault);
    this.#picks = [];
    this.#show();
    return (command) => this.send(command, picks);
  }

  async add(files, note) {
    await parts();
    this.say("");
    for (const file of files) {
      if (this.#picks.length >= MOST) return this.say(`A message takes ${MOST} files at most.`);
      if (file.size > LARGEST) this.say(`${file.name} is larger than 10 MiB.`);
      else if (!file.size) this.say(`${file.name} is empty.`);
      else await this.#pick(file, note);
    }
  }

  async #pick(file, note) {
    const pick = { file, note, url: URL.createObjectURL(file) };
    this.#picks.push(pick);
    this.#attach();
    pick.item = this.#drawPick(pick);
    this.#show();
    const { ticket, viewer } = this.timeline;
    const upload = new Upload(await fitted(file), { ticket, person: viewer.me, note }, () => update(pick));
    if (!this.#picks.includes(pick)) return;
    pick.upload = upload;
    upload.run().catch(() => this.#show());
    this.#show();
  }

  #drop(pick) {
    this.#picks = this.#picks.filter((other) => other !== pick);
    pick.upload?.cancel();
    URL.revokeObjectURL(pick.url);
    this.#show();
    this.composer?.text.focus();
  }

  #drawPick(pick) {
    const item = element("li", "pick");
    item.append(preview(pick), element("progress", "", { ariaLabel: `Uploading ${pick.file.name}` }));
    const cancel = element("button", "bare", { type: "button", textContent: "✕", ariaLabel: `Do not send ${pick.file.name}` });
    cancel.onclick = () => this.#drop(pick);
    item.append(element("p", "error small", { role: "alert" }), cancel);
    return item;
  }

  /** The composer may be another one than before, or none. */
  #attach() {
    this.composer = document.querySelector("message-composer");
    if (!this.composer || this.list.parentElement === this.composer.form) return;
    this.composer.tray = this;
    this.composer.form.querySelector(".writing").before(this.list, this.said);
  }

  #show() {
    this.list.hidden = !this.#picks.length;
    this.list.replaceChildren(...this.#picks.map(({ item }) => item).filter(Boolean));
  }

  say(words) {
    this.#attach();
    Object.assign(this.said, { textContent: words, hidden: !words });
  }
}

/** How a file looks before the desk has it. */
export function preview({ file, url, note }) {
  if (/^image\/(jpeg|png|webp|gif)$/.test(file.type)) return element("img", "thumb", { src: url, alt: file.name });
  if (note) return playerOf(url, note);
  const card = element("p", "card-of-file");
  const size = element("span", "size", { textContent: sizeInWords(file.size) });
  card.append(element("span", "name", { textContent: file.name }), " ", size);
  return card;
}

/** How far a pick is, on its item. */
export function update({ item, upload }) {
  if (!item || !upload) return;
  const bar = item.querySelector("progress");
  bar.max = upload.file.size;
  bar.value = upload.sent;
  bar.hidden = Boolean(upload.attachment || upload.fault);
  item.classList.toggle("failed", Boolean(upload.fault));
  item.querySelector(".error").textContent = upload.fault ?? upload.trouble;
}
