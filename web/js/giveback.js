// Words that were not sent go back to whoever wrote them.

import { draftOf } from "./draft.js";

/** Puts the words of a command where one writes on this ticket. While it is closed there is no such place: they are kept
 *  for when it is reopened. Returns whether that could be done. */
export function giveBack({ person, ticket }, { type, body }) {
  const composer = document.querySelector("message-composer");
  if (composer) composer.giveBack({ type, body });
  return Boolean(composer) || keepAsDraft(draftOf(person, ticket), type, body);
}

function keepAsDraft(draft, type, body) {
  const before = draft.words[type];
  const isKept = draft.add(type, body);
  if (!isKept) draft.words[type] = before; // they stay where they are
  const words = isKept ? "Your words are kept. Once the ticket is reopened they stand where you write." : "Your words cannot be kept here.";
  const notice = Object.assign(document.createElement("p"), { className: "notice", role: "alert", textContent: words });
  const panel = document.getElementById("panel");
  panel.querySelector(":scope > .notice")?.remove();
  panel.prepend(notice);
  return isKept;
}
