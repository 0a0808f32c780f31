// Tickets raised without a connection, shown above the list until they are in it.

import { drop, waiting } from "./outbox.js";

/** Writes into `place` what `person` has waiting, or refused. */
export async function showUnraised(place, person) {
  const messages = await waiting(person, null);
  place.hidden = !messages.length;
  place.replaceChildren(...messages.map((message) => line(message, () => showUnraised(place, person))));
}

function line({ fault, ...message }, changed) {
  const item = document.createElement("p");
  item.className = `notice ${fault ? "bad" : "warn"}`;
  const name = Object.assign(document.createElement("b"), { textContent: message.command.query });
  const state = fault ? `could not be raised: ${fault.reason}` : "waits for a connection, and is raised by itself.";
  item.append(name, ` ${state} `);
  if (fault) item.append(button("Discard", () => drop(message).then(changed)));
  return item;
}

function button(words, press) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: words });
  made.addEventListener("click", press);
  return made;
}
