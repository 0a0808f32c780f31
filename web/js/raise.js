// The form for a new ticket, beside help.js: what is being written outlives the page, and a ticket raised where there is
// no network waits in the outbox like a message.

import { deliverLater } from "./lasting.js";
import { newKey } from "./keys.js";
import { carry, drop, put, waiting } from "./outbox.js";
import { Draft } from "./store.js";

const form = document.querySelector('form[action="/tickets/new"]');
const refused = form.querySelector(".notice.bad");
const me = Number(document.documentElement.dataset.me);
const draft = new Draft(me, "new");

const fields = () => Object.fromEntries(new FormData(form));
// What the server gave back in a refused form is newer than the draft.
if (!refused) for (const [name, value] of Object.entries(draft.get() ?? {})) form.elements[name].value = value;
form.addEventListener("input", () => {
  const { key, ...written } = fields();
  draft.set(written);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  raise();
});

async function raise() {
  const { key, ...written } = fields();
  const command = { type: "open_ticket", ...Object.fromEntries(Object.entries(written).filter(([, value]) => value)) };
  const message = { key, person: me, ticket: null, command, at: Date.now(), fault: null };
  const button = form.querySelector("[type=submit]");
  button.disabled = true; // once is enough, and the key says so too
  await put(message);
  const raised = await send(key);
  if (raised) {
    draft.clear();
    return location.assign(`/tickets/${raised}`);
  }
  const kept = (await waiting(me, null)).find((other) => other.key === key);
  if (kept && !kept.fault) return wait();
  // Refused: the page itself says what is wrong, each beside its field.
  if (kept) await drop(kept);
  form.submit();
}

/** The number of the ticket, once it is raised. */
async function send(key) {
  let raised;
  try {
    const { post } = await import("./deliver.js");
    await carry(me, null, async (message) => {
      const { id } = await post(message);
      if (message.key === key) raised = id;
    });
  } catch {
    deliverLater();
  }
  return raised;
}

function wait() {
  draft.clear();
  form.reset();
  form.elements.key.value = newKey();
  form.querySelector("[type=submit]").disabled = false;
  const said = form.querySelector(".notice") ?? form.insertBefore(document.createElement("p"), form.firstChild);
  said.className = "notice warn";
  said.setAttribute("role", "status");
  said.textContent = "There is no connection. Your ticket is kept here, and raised by itself as soon as there is one.";
}
