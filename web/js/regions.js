// The parts of a ticket's page that follow from its state (its facts, what may be done, whether it can be written on).
// When the state has changed they are taken anew from the server's own page: one source of markup, and of what is allowed.

import { replaceIn } from "./begun.js";
import { offerFolding } from "./facts.js";
import { localise } from "./format.js";
import { readyToType } from "./typing.js";

const REGIONS = ["about", "actions", "panel", "assistant", "suggested"];

export class Regions {
  #presence = new Map();
  #asked = 0;
  #held = false;

  /** `replaced()` follows when the panel at the end of the conversation is another one. */
  constructor(replaced) {
    this.replaced = replaced;
  }

  /** Throws when the page cannot be had; returns false when the ticket is no longer this person's to see. */
  async refresh() {
    const asked = ++this.#asked;
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (answer.status === 404) return false;
    if (!answer.ok || answer.redirected) return true;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (asked === this.#asked) {
      this.#holdFocus();
      for (const id of REGIONS) this.#replace(id, fresh.getElementById(id));
      this.#giveFocus();
    }
    for (const [person, online] of this.#presence) this.#showPresence(person, online);
    return true;
  }

  /** Everybody on the ticket who is here now. */
  presentAre(people) {
    for (const chip of document.querySelectorAll("[data-presence]")) {
      const id = Number(chip.dataset.presence);
      this.presence({ person: { id }, online: people.includes(id) });
    }
  }

  presence({ person, online }) {
    this.#presence.set(person.id, online);
    this.#showPresence(person.id, online);
  }

  /** Whoever has written waits for the other; a message is too small a thing to ask for the page again. */
  turn({ actor, at }) {
    if (actor.role === "bot") return; // whoever waits for a person goes on waiting
    if (actor.role === "agent") document.getElementById("assistant")?.replaceChildren();
    const place = document.querySelector(".turn");
    const on = actor.role === "customer" ? "agent" : "customer";
    if (!place || place.dataset.on === on) return;
    place.dataset.on = on;
    place.querySelector("span").textContent = place.dataset[on];
    place.querySelector("time").dateTime = at;
    localise(place);
  }

  /** Nothing can be done from now on; what still can be follows with the page. */
  close() {
    this.#holdFocus();
    if (document.getElementById("panel")?.dataset.is === "open") empty("panel");
    for (const id of ["actions", "suggested", "assistant"]) empty(id);
    for (const button of document.querySelectorAll("#about > button")) button.remove();
  }

  #replace(id, fresh) {
    const old = document.getElementById(id);
    if (!old || !fresh) return;
    // A composer stays as it is, with what is being written in it, and so do the replies that were found.
    const { version } = fresh.dataset;
    if (version && old.dataset.version === version && old.children.length) return;
    if (!fresh.children.length) fold(old);
    Object.assign(old.dataset, { ...fresh.dataset });
    replaceIn(old, fresh.childNodes);
    localise(old);
    if (id === "about") offerFolding(old);
    if (id === "panel") this.replaced();
  }

  #holdFocus() {
    this.#held ||= document.activeElement !== document.body;
  }

  /** Whose focus was on what is gone by now goes on at the end of the conversation, not at the top of the page. */
  #giveFocus() {
    const isLost = this.#held && document.activeElement === document.body;
    this.#held = false;
    if (!isLost) return;
    const panel = document.getElementById("panel");
    panel.tabIndex = -1;
    readyToType(panel.querySelector("[name=body]") ?? panel, panel);
  }

  #showPresence(person, online) {
    for (const chip of document.querySelectorAll(`[data-presence="${Number(person)}"]`)) {
      chip.hidden = false;
      chip.dataset.is = online ? "online" : "offline";
      chip.textContent = online ? "Online" : "Offline";
    }
  }
}

function empty(id) {
  const region = document.getElementById(id);
  region?.replaceChildren();
  if (region) fold(region);
}

/** What stands open over the page goes when there is nothing in it any more. */
function fold(region) {
  if (region.popover) region.hidePopover();
}
