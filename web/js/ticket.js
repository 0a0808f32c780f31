// Entry point of a ticket's page.

import "./common.js";
import { attaching } from "./attaching.js";
import { MessageComposer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { keepOpenWhereThereIsRoom } from "./facts.js";
import { carryOut } from "./forms.js";
import { tick } from "./format.js";
import { Regions } from "./regions.js";
import { Connection, showLine } from "./socket.js";
import { TicketTimeline } from "./timeline.js";
import { newKey } from "./keys.js";

customElements.define("ticket-timeline", TicketTimeline);
customElements.define("message-composer", MessageComposer);

const timeline = document.querySelector("ticket-timeline");
// Without scripts one pages through a long conversation; with them it is one, and begins at its end.
if (timeline?.dataset.newest === "no") location.replace(location.pathname);
else if (timeline) start();

function start() {
  const connection = new Connection();
  const conversation = new Conversation(timeline, connection, new Regions(() => wireComposer(conversation)));
  showLine(connection, document.querySelector(".line-state"));
  tick(document.querySelector("#about"));
  wireComposer(conversation);
  attaching(timeline, conversation);
  carryOut(document, connection, ({ entries }, form) => {
    form.closest("[popover]")?.hidePopover?.();
    form.closest("details")?.removeAttribute("open");
    if (form.closest("#assistant")) document.querySelector("message-composer")?.text.focus(); // the button goes
    conversation.take(entries);
  });
  timeline.list.addEventListener("click", (event) => pressed(event, conversation, connection));
  timeline.querySelector(".older")?.addEventListener("click", (event) => {
    event.preventDefault();
    conversation.older();
  });
  timeline.onWay.addEventListener("click", (event) => decideFailed(event, conversation));
  if (document.querySelector("#assistant > *")) hearBot((body) => conversation.write({ type: "post_message", body }));
  keepOpenWhereThereIsRoom(document.querySelector("#about"));
}

/** What the bot offers can be chosen by a button, from its first word on. */
function hearBot(send) {
  const watch = new MutationObserver(look);
  watch.observe(timeline.list, { childList: true });
  look();

  function look() {
    if (!timeline.list.querySelector(".bot")) return;
    watch.disconnect();
    import("./choices.js").then(({ offerChoices }) => offerChoices(timeline, send), () => {}); // it can be typed
  }
}

function wireComposer(conversation) {
  const composer = document.querySelector("message-composer");
  composer?.addEventListener("compose", ({ detail }) => (detail.kept = detail.send?.(detail.command) ?? conversation.write(detail.command)));
  composer?.addEventListener("writing", () => conversation.typingOut.writing());
  composer?.addEventListener("stopped", () => conversation.typingOut.stop());
}

function pressed(event, conversation, connection) {
  const seq = Number(event.target.closest(".entry")?.dataset.seq);
  const link = event.target.closest("a");
  const composer = document.querySelector("message-composer");
  if (link?.matches(".reply") && composer) composer.replyTo(seq, conversation.quote(seq));
  else if (link?.matches(".undo")) takeBack(seq, conversation, connection);
  else if (link?.matches(".quote")) conversation.show(Number(link.hash.slice(2)));
  else return pick(event.target.closest(".entry"));
  event.preventDefault();
}

/** Under a finger: a touch shows what can be done with a message, another hides it. */
function pick(item) {
  const other = timeline.list.querySelector(".picked");
  other?.classList.remove("picked");
  if (item !== other) item?.classList.add("picked");
}

/** What could not be sent is tried again, given back to be written otherwise, or forgotten. */
function decideFailed(event, conversation) {
  const { act } = event.target.dataset;
  const { key } = event.target.closest(".entry").dataset;
  if (act === "again") return conversation.pending.tryAgain(key);
  if (!act) return;
  const { pending } = conversation;
  if (act === "edit" && !pending.giveBack(pending.commandOf(key))) return;
  pending.settle(key);
  if (act !== "edit") document.querySelector("message-composer")?.text.focus();
}

async function takeBack(of, conversation, connection) {
  const { isSure } = await import("./sure.js").catch(() => ({ isSure: (question) => confirm(question) }));
  if (!(await isSure("Take this message back?", "Its words go for everybody. That it was there stays.", "Take back"))) return;
  try {
    const command = { type: "redact_message", of };
    const { entries } = await connection.ask("do", { ticket: conversation.ticket, key: newKey(), command });
    await conversation.take(entries);
  } catch (error) {
    await isSure("It could not be taken back", error.message, "");
  }
}
