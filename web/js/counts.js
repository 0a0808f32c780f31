// How many tickets stand behind each tab: counted on with every push, and asked anew where that cannot be known.

import { highlight } from "./row.js";

const ASK_AFTER = 1_500;

/** The tabs in which a ticket counts. */
function tabsOf(ticket) {
  if (!ticket || ticket.gone) return [];
  if (ticket.status === "closed") return ["all", "closed"];
  const tabs = ["all", "open"];
  if (!ticket.agent) tabs.push("unassigned");
  if (ticket.waiting_on === "agent") tabs.push("waiting");
  return tabs;
}

export class Counts {
  #timer;

  constructor(root, ask) {
    this.root = root;
    this.ask = ask;
  }

  set({ open, assigned, closed, unassigned, waiting_on_agent: waiting }) {
    const active = open + assigned;
    const totals = { all: active + closed, open: active, closed, unassigned, waiting };
    for (const [name, count] of Object.entries(totals)) this.#write(name, () => count);
  }

  moved(before, ticket) {
    if (!before && !isNew(ticket)) return this.#askSoon();
    for (const name of tabsOf(before)) this.#write(name, (count) => count - 1);
    for (const name of tabsOf(ticket)) this.#write(name, (count) => count + 1);
  }

  #write(name, change) {
    const place = this.root.querySelector(`[data-count="${name}"]`);
    if (!place) return;
    const text = String(change(Number(place.textContent)));
    if (place.textContent === text) return;
    place.textContent = text;
    highlight(place);
  }

  #askSoon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.ask();
    }, ASK_AFTER);
  }
}

const isNew = (ticket) => !ticket.gone && ticket.opened_at === ticket.updated_at;
