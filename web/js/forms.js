// Forms that carry a command: with a connection they are carried out in place; without one they post as forms do.

import { markSent } from "./begun.js";
import { newKey } from "./keys.js";
import { Refused } from "./socket.js";

const NUMBERS = new Set(["agent", "stars", "of", "reply_to"]);

/** Wires every `form[data-do]` in `root`, also those that come later. `done(answer, form)` follows a success,
 *  `failed(form)` anything else. */
export function carryOut(root, connection, done, failed = () => {}) {
  root.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-do]");
    if (!form || !connection.isUp) return;
    event.preventDefault();
    send(form, connection, done, failed);
  });
}

async function send(form, connection, done, failed) {
  const { key, command } = commandOf(form);
  const button = form.querySelector("[type=submit]");
  button.ariaDisabled = "true"; // with `disabled` it would lose the focus; the key sees to it that once is enough
  say(form, "");
  try {
    const answer = await connection.ask("do", { ticket: Number(form.dataset.do), key, command });
    form.elements.key.value = newKey();
    markSent(form);
    done(answer, form);
  } catch (error) {
    if (error instanceof Refused) form.elements.key.value = newKey();
    say(form, error instanceof Refused ? error.message : "The connection was lost. Please try again.");
    failed(form);
  } finally {
    button.ariaDisabled = null;
  }
}

/** The same reading of a form as the server's: numbers are numbers, what was left empty is left out. */
function commandOf(form) {
  const { key, back, ...fields } = Object.fromEntries(new FormData(form));
  const command = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name === "agent" && !value) command.agent = null;
    else if (value !== "") command[name] = NUMBERS.has(name) ? Number(value) : value;
  }
  return { key, command };
}

function say(form, words) {
  const place = form.querySelector(".said");
  if (!place) return;
  place.hidden = !words;
  place.textContent = words;
}
