// The form for a new ticket, beside help.js: what is being written outlives the page, and a ticket raised where there is
// no network waits in the outbox like a message.

import { deliverLater } from "./lasting.js";
import { newKey } from "./keys.js";
import { carry, drop, put, waiting } from "./outbox.js";
import { PageDraft } from "./pagedraft.js";

const form = document.querySelector('form[action="/tickets/new"]');
const refused = form.querySelector(".notice.bad");
const me = Number(document.documentElement.dataset.me);
const draft = new PageDraft(me, "new");
form.autocomplete = "off"; // or the browser puts half of what was raised back into it when one comes back to the page

const fields = () => Object.fromEntries(new FormData(form));
const keepDraft = () => {
  const { key, ...written } = fields();
  return draft.keep((written.query || written.details) && written);
};
form.addEventListener("input", keepDraft);
draft.adopt((left, isOfThisTab) => {
  // What the server gave back in a refused form is newer than what this tab has kept of it.
  if (refused) return isOfThisTab && keepDraft();
  const { query, details } = form.elements;
  if (query.value || details.value) return false; // it is another ticket, and waits for a page of its own
  for (const [name, value] of Object.entries(left)) form.elements[name].value = value;
  return keepDraft();
});
// What was said to the assistant, and what that had asked, looked over before it is sent. What is written here already stays.
addEventListener("fill", ({ detail: said }) => {
  const { query, details } = form.elements;
  const line = said[0].words.replace(/\s+/g, " ");
  if (!query.value.trim()) query.value = [...line].slice(0, query.maxLength).join("");
  if (said.length > 1 || query.value !== line) details.value = withTalk(details.value.trim(), said, details.maxLength);
  form.dispatchEvent(new Event("input"));
  say("Your words are in the form. Look them over, and raise the ticket.", "");
  query.focus();
});
/** The written text with the conversation below it; where that is too long, with what the customer said of it. */
function withTalk(written, said, most) {
  const below = (lines) => [written, lines.join("\n")].filter(Boolean).join("\n\n");
  const all = below(said.flatMap(({ asked, words }) => (asked ? [`Assistant: ${asked}`, words] : [words])));
  return all.length <= most ? all : below(said.map(({ words }) => words)).slice(0, most);
}

// Nothing is to be raised after all.
addEventListener("settled", () => forget());
document.getElementById("found").addEventListener("click", (event) => event.target.closest("[data-settles]") && forget());
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
    draft.forget();
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
  forget();
  form.querySelector("[type=submit]").disabled = false;
  say("There is no connection. Your ticket is kept here, and raised by itself as soon as there is one.", " warn");
}

function forget() {
  draft.forget();
  form.reset();
  form.elements.key.value = newKey();
}

function say(words, how) {
  const said = form.querySelector(".notice") ?? form.insertBefore(document.createElement("p"), form.firstChild);
  said.className = `notice${how}`;
  said.setAttribute("role", "status");
  said.textContent = words;
}
