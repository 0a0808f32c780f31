// Entry point of the lists of tickets, the admin's live board among them.

import "./common.js";
import { TicketBoard } from "./board.js";
import { carryOut } from "./forms.js";
import { tick } from "./format.js";
import { keepNews, keptAt, news } from "./news.js";
import { onChange, waiting } from "./outbox.js";
import { Connection, showLine } from "./socket.js";
import { forgetPage } from "./store.js";

customElements.define("ticket-board", TicketBoard);

const board = document.querySelector("ticket-board");
if (board) start();

function start() {
  const connection = new Connection();
  let wasUp = Boolean(keptAt);
  connection.onUp(async () => {
    if (wasUp) await reload().catch(() => {});
    wasUp = true;
    watch();
  });
  connection.onDown(() => delete board.dataset.live);
  connection.on("ticket", (ticket) => {
    board.push(ticket);
    if (ticket.gone) forgetPage(`/tickets/${ticket.id}`);
  });
  connection.on("presence", ({ person, online }) => board.loads.presence(person.id, online));
  board.addEventListener("uncertain", watch);
  showLine(connection, document.querySelector(".line-state"));
  tick(board);
  carryOut(document, connection, () => {}, (form) => board.reset(form));
  sieve(document.querySelector(".search"));
  unraised();
  onChange(unraised);
  news().then((tickets) => tickets.forEach((ticket) => board.put(ticket)));
  document.addEventListener("visibilitychange", () => document.hidden && keepNews(board.known.values(), ({ id }) => id));

  async function watch() {
    try {
      const seen = await connection.ask("watch", {});
      board.showAll(seen);
      if (seen.agents) board.loads.set(seen.agents);
      board.dataset.live = "yes";
    } catch {
      // The connection is away; the next one watches again.
    }
  }
}

/** Tickets raised where there was no network, until they are raised indeed. */
async function unraised() {
  const place = document.querySelector(".unraised");
  const me = Number(document.documentElement.dataset.me);
  if (!place || (place.hidden && !(await waiting(me, null)).length)) return;
  const { showUnraised } = await import("./unraised.js");
  showUnraised(place, me);
}

/** After an absence anything may have happened: takes the list anew from the server's own page. */
async function reload() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector(".ticket-rows");
  if (!fresh || board.rows.contains(document.activeElement)) return;
  board.rows.replaceChildren(...fresh.children);
  board.loads.read(page);
}

function sieve(form) {
  form?.querySelector("select")?.addEventListener("change", () => form.requestSubmit());
}
