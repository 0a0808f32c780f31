// Files in the conversation, loaded on first use: picked, shown at once, uploaded, sent; and what came, drawn and looked at.

import { draw, parts } from "./files/draw.js";
import { look } from "./files/lightbox.js";
import { players } from "./files/player.js";
import { Parcels } from "./files/parcels.js";
import { Tray } from "./files/tray.js";

export class Files {
  constructor(timeline, conversation) {
    this.timeline = timeline;
    this.parcels = new Parcels(timeline, conversation);
    this.tray = new Tray(timeline, (command, picks) => this.parcels.send(command, picks), conversation.connection);
    players(timeline.list);
  }

  pick(files) {
    return this.tray.add(files);
  }

  async draw({ place, attachments }) {
    const files = await draw(attachments);
    this.timeline.place.keepFor(false, false, () => {
      place.replaceChildren(...files);
      players(place);
      this.timeline.roving.changed();
    });
  }

  /** `released` resolves once the button is let go of. */
  async record(button, released) {
    const [{ pressed }] = await Promise.all([import("./files/voice.js"), parts()]);
    this.tray.say("");
    await pressed(button, released, { keep: (file, note) => this.tray.add([file], note), say: (words) => this.tray.say(words) });
  }

  look(picture) {
    look(picture, this.timeline.list);
  }
}
