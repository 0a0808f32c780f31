// Messages that wait for their files: each is shown with them at once, and joins the others on their way when the last
// of its files has arrived. Texts written meanwhile do not wait for it.

import { newKey } from "../keys.js";
import { quoteOf, renderPending } from "../render.js";
import { parts } from "./draw.js";
import { forget, keep, kept } from "./shelf.js";
import { element } from "./element.js";
import { preview, update } from "./tray.js";
import { Upload } from "./upload.js";

export class Parcels {
  #parcels = [];

  constructor(timeline, conversation) {
    Object.assign(this, { timeline, conversation });
    this.list = element("ol", "pending", { ariaLabel: "Waiting for their files" });
    timeline.onWay.after(this.list);
    conversation.connection.onUp(() => this.#uploads().forEach((upload) => upload.hurry()));
    this.#restore();
  }

  /** Resolves once it is kept, or cannot be. */
  async send(command, picks) {
    const { ticket, viewer } = this.timeline;
    const parcel = { key: newKey(), person: viewer.me, ticket, command, at: Date.now(), picks };
    this.#show(parcel);
    this.timeline.place.toEnd();
    const isKept = keep(record(parcel)).catch(() => {}); // where nothing can be kept it goes all the same
    this.#alone(parcel.key, () => this.#carry(parcel));
    await isKept;
  }

  async #restore() {
    const { ticket, viewer } = this.timeline;
    for (const found of await kept(viewer.me, ticket)) {
      if (this.#parcels.some(({ key }) => key === found.key)) continue;
      this.#alone(found.key, async () => {
        await parts();
        const picks = found.files.map(({ file, note, upload }) => ({ file, note, upload, url: URL.createObjectURL(file) }));
        const parcel = { ...found, picks };
        for (const pick of picks) {
          const { upload: url } = pick;
          pick.upload = new Upload(pick.file, { ticket, person: viewer.me, note: pick.note, url }, () => update(pick));
          if (url) pick.upload.sent = 1; // asks how far it got
        }
        this.#show(parcel);
        await this.#carry(parcel);
      });
    }
  }

  /** Another tab that has it already goes on with it. */
  #alone(key, action) {
    if (!navigator.locks) return action();
    return navigator.locks.request(`ccr:parcel:${key}`, { ifAvailable: true }, (lock) => lock && action());
  }

  async #carry(parcel) {
    for (const pick of parcel.picks) {
      Object.assign(pick, { item: parcel.item.querySelector(`[data-n="${parcel.picks.indexOf(pick)}"]`) });
      pick.upload.changed = (url) => {
        if (url) setTimeout(() => parcel.isGone || keep(record(parcel)).catch(() => {}));
        update(pick);
      };
      update(pick);
    }
    try {
      const attachments = await Promise.all(parcel.picks.map(({ upload }) => upload.run()));
      const command = { ...parcel.command, attachments: attachments.map(({ id }) => id) };
      await this.conversation.pending.add(command, parcel.key);
      this.#remove(parcel);
    } catch {
      parcel.item.classList.add("failed"); // the file says why; the words can be taken back
    }
  }

  #show(parcel) {
    const { viewer } = this.timeline;
    const { key, command, at } = parcel;
    const item = (parcel.item = renderPending({ key, command, at }, viewer, quoteOf(this.timeline.item(command.reply_to))));
    const place = element("div", "files");
    parcel.picks.forEach((pick, n) => {
      const file = element("div", "pick");
      file.dataset.n = n;
      const bar = element("progress", "", { ariaLabel: `Uploading ${pick.file.name}` });
      file.append(preview(pick), bar, element("p", "error small", { role: "alert" }));
      place.append(file);
    });
    item.querySelector(".body, .meta").before(place);
    const cancel = element("button", "small cancel", { type: "button", textContent: "Cancel" });
    cancel.onclick = () => this.#cancel(parcel);
    item.querySelector(".bubble").append(cancel);
    this.#parcels.push(parcel);
    this.list.append(item);
  }

  #cancel(parcel) {
    if (parcel.command.body && !this.conversation.pending.giveBack(parcel.command)) return;
    for (const { upload } of parcel.picks) upload.cancel();
    this.#remove(parcel);
  }

  #remove(parcel) {
    parcel.isGone = true;
    forget(parcel.key);
    this.#parcels = this.#parcels.filter((other) => other !== parcel);
    parcel.item.remove();
    for (const { url } of parcel.picks) URL.revokeObjectURL(url);
  }

  #uploads() {
    return this.#parcels.flatMap(({ picks }) => picks.map(({ upload }) => upload));
  }
}

/** As it is kept: the files themselves, and where their uploads are. */
function record({ key, person, ticket, command, at, picks }) {
  const files = picks.map(({ note, upload }) => ({ file: upload.file, note, upload: upload.url }));
  return { key, person, ticket, command, at, files };
}
