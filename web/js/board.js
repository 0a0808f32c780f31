// <ticket-board>: a list that keeps itself up to date. Rows come and go with the filter in the page's address, move with
// their newest activity, and say briefly what has changed.

import { AgentLoads } from "./loads.js";
import { Counts } from "./counts.js";
import { localise } from "./format.js";
import { fillRow, newRow, showAgent } from "./row.js";

export class TicketBoard extends HTMLElement {
  connectedCallback() {
    if (this.rows) return;
    const { role, show, agent, q, page } = this.dataset;
    this.viewerRole = role;
    this.filter = { show, agent: Number(agent) || null, q: q.toLowerCase() };
    this.isFirstPage = page === "first";
    this.rows = this.querySelector(".ticket-rows");
    this.known = new Map();
    this.loads = new AgentLoads(this);
    this.counts = new Counts(document, () => this.dispatchEvent(new CustomEvent("uncertain")));
    localise(this.rows);
    this.rows.addEventListener("focusout", ({ target }) => this.#left(target.closest(".ticket-row")));
    this.rows.addEventListener("change", ({ target }) => target.form?.requestSubmit());
  }

  /** The person's own list as the desk knows it, from `watch`. */
  showAll({ tickets, counts, more }) {
    for (const ticket of tickets) this.put(ticket);
    const ids = new Set(tickets.map(({ id }) => String(id)));
    for (const row of [...this.rows.children]) {
      if (!more && row.dataset.state !== "closed" && !ids.has(row.dataset.id)) row.remove();
    }
    this.counts.set(counts);
    this.#changed();
  }

  /** A ticket as it is now, or `{id, gone}`. */
  push(ticket) {
    this.counts.moved(this.known.get(ticket.id), ticket);
    this.loads.moved(this.known.get(ticket.id), ticket);
    this.put(ticket);
    this.#changed();
  }

  put(ticket) {
    const row = this.rows.querySelector(`#t${Number(ticket.id)}`);
    if (ticket.gone) {
      this.known.delete(ticket.id);
      return row?.remove();
    }
    this.known.set(ticket.id, ticket);
    if (!this.#matches(ticket)) return row?.remove();
    if (row) this.#update(row, ticket);
    else if (this.isFirstPage) this.#add(ticket);
  }

  /** Somebody assigned is not assigned: shows again what is. */
  reset(form) {
    showAgent(form.closest(".ticket-row"));
  }

  #add(ticket) {
    const row = newRow();
    fillRow(row, ticket, this.viewerRole);
    const next = this.#rowBehind(row);
    // What is older than all that is shown belongs to the next page, where there is one.
    if (!next && this.querySelector(".next") && this.rows.children.length) return;
    this.rows.insertBefore(row, next);
    this.loads.write(row);
    row.classList.add("arrived");
    this.querySelector(".announcer").textContent = `Ticket ${ticket.id}: ${ticket.query}`;
  }

  #update(row, ticket) {
    const hasMoved = row.dataset.at !== ticket.updated_at;
    fillRow(row, ticket, this.viewerRole);
    if (hasMoved && this.isFirstPage) this.#move(row);
  }

  /** A row in which somebody is choosing stays under their finger until they have done. */
  #move(row) {
    if (row.contains(document.activeElement)) row.dataset.late = "yes";
    else {
      const next = this.#rowBehind(row);
      if (next !== row.nextElementSibling) this.rows.insertBefore(row, next);
    }
  }

  #left(row) {
    if (!row) return;
    setTimeout(() => {
      if (row.contains(document.activeElement)) return;
      showAgent(row);
      if (!row.dataset.late) return;
      delete row.dataset.late;
      this.#move(row);
    });
  }

  #rowBehind(row) {
    const isBehind = (other) =>
      other.dataset.at < row.dataset.at ||
      (other.dataset.at === row.dataset.at && Number(other.dataset.id) < Number(row.dataset.id));
    return [...this.rows.children].find((other) => other !== row && isBehind(other)) ?? null;
  }

  #matches(ticket) {
    const { show, agent, q } = this.filter;
    const isClosed = ticket.status === "closed";
    if (show === "closed" ? !isClosed : show !== "all" && isClosed) return false;
    if (show === "unassigned" && ticket.agent) return false;
    if (show === "waiting" && ticket.waiting_on !== "agent") return false;
    if (agent && ticket.agent?.id !== agent) return false;
    if (!q) return true;
    return [ticket.query, ticket.customer.name].some((text) => text.toLowerCase().includes(q)) || q === `${ticket.id}` || q === `#${ticket.id}`;
  }

  #changed() {
    const unread = [...this.known.values()].reduce((sum, ticket) => sum + ticket.unread, 0);
    document.title = document.title.replace(/^(\(\d+\) )?/, unread ? `(${unread}) ` : "");
  }
}
