// One ticket in a list: the page's own template, filled and kept up to date with text and a short list of attributes.

import { localiseOne } from "./format.js";
import { newKey } from "./keys.js";

const WAITS = {
  customer: { agent: "Waiting for an answer", customer: "Your turn" },
  agent: { agent: "Your turn", customer: "Waiting for the customer" },
  admin: { agent: "Waiting on us", customer: "Waiting for the customer" },
};
const NOBODY = { customer: "No agent yet", admin: "" };

/** Text by the class of its place. */
const TEXTS = {
  subject: (ticket) => ticket.query,
  number: (ticket) => `#${ticket.id}`,
  customer: (ticket) => ticket.customer.name,
  status: (ticket) => capital(ticket.status),
  weight: (ticket) => capital(ticket.priority),
  on: (ticket, role) => WAITS[role][ticket.waiting_on] ?? "",
  rated: (ticket) => (ticket.rating ? `${ticket.rating.stars} of 5 ★` : ""),
  agent: (ticket, role) => ticket.agent?.name ?? NOBODY[role],
  news: (ticket) => String(ticket.unread),
};

/** Whether a place applies, by its class. */
const SHOWN = {
  weight: (ticket) => ticket.priority !== "normal",
  turn: (ticket) => Boolean(ticket.waiting_on),
  rated: (ticket) => Boolean(ticket.rating),
  badge: (ticket) => ticket.unread > 0,
  agent: (ticket, role) => role !== "admin" || ticket.status === "closed",
  // What is said moves no ticket of an admin's, though somebody has begun to wait since.
  changes: (ticket) => ticket.waiting_since > ticket.updated_at,
};

export function newRow() {
  return document.getElementById("t-row").content.firstElementChild.cloneNode(true);
}

/** Writes the ticket into its row and marks what has changed. */
export function fillRow(row, ticket, role) {
  const isNew = !row.dataset.id;
  row.id = `t${ticket.id}`;
  Object.assign(row.dataset, { id: ticket.id, at: ticket.updated_at, state: ticket.status });
  row.querySelector(".subject").setAttribute("href", `/tickets/${Number(ticket.id)}`);
  for (const [name, read] of Object.entries(TEXTS)) write(row, name, read(ticket, role), isNew);
  for (const [name, applies] of Object.entries(SHOWN)) {
    const place = row.querySelector(`.${name}`);
    if (place) place.hidden = !applies(ticket, role);
  }
  row.querySelector(".status").dataset.is = ticket.status;
  row.querySelector(".weight").dataset.is = ticket.priority;
  writeTime(row.querySelector(".since"), ticket.waiting_since);
  writeTime(row.querySelector(".moved"), ticket.updated_at);
  fillAssignment(row, ticket);
}

function write(row, name, text, isNew) {
  const place = row.querySelector(`.${name}`);
  if (!place || place.textContent === text) return;
  place.textContent = text;
  if (!isNew) highlight(place);
}

export function highlight(place) {
  place.classList.remove("changed");
  void place.offsetWidth; // starts the animation anew
  place.classList.add("changed");
  place.addEventListener("animationend", () => place.classList.remove("changed"), { once: true });
}

function writeTime(time, at) {
  time.dateTime = at ?? "";
  if (at) localiseOne(time);
  else time.textContent = "";
}

function fillAssignment(row, ticket) {
  const form = row.querySelector(".assign");
  if (!form) return;
  const select = form.elements.agent;
  form.setAttribute("action", `/tickets/${Number(ticket.id)}/commands`);
  form.dataset.do = ticket.id;
  form.elements.key.value ||= newKey();
  select.setAttribute("aria-label", `Agent of ticket ${ticket.id}`);
  row.dataset.agent = ticket.agent?.id ?? "";
  if (document.activeElement !== select) showAgent(row);
}

/** What the ticket says, unless somebody is choosing just now. */
export function showAgent(row) {
  const select = row.querySelector(".assign select");
  const agent = row.dataset.agent ?? "";
  if (!select) return;
  // An agent who was taken out of service keeps what they have, and is not offered any more.
  if (![...select.options].some(({ value }) => value === agent)) {
    select.append(new Option(row.querySelector(".agent").textContent, agent));
  }
  select.value = agent;
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);
