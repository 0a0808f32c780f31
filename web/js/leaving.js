// Signing out: once the desk has ended the session, nothing of the person stays in this browser, which on the way asks
// about what has not been sent. What others have left here to be sent is theirs, and stays.

import { within } from "./database.js";
import { all as parcels, forget as forgetParcel } from "./files/shelf.js";
import { drop, of } from "./outbox.js";
import { forgetDrafts, forgetPages } from "./store.js";
import { isSure } from "./sure.js";

const ANSWER_WITHIN = 10_000;

/** Does what `form` does, which signs `person` out, unless they would rather stay. */
export async function signOut(form, person) {
  const unsent = (await of(person)).length + (await parcels(person)).length;
  if (unsent && !(await isSure(...question(unsent)))) return;
  const button = form.querySelector("[type=submit]");
  const { dataset } = document.documentElement;
  button.disabled = true;
  dataset.leaving = "yes";
  const next = await endSession(form.action, person);
  if (next) {
    await forgetAll(person);
    return location.replace(next); // going back does not lead to this page
  }
  delete dataset.leaving;
  button.disabled = false;
  button.focus(); // so that it has it again once the words are read
  await isSure("Not now", "Signing out needs a connection.", "");
}

/** Where the desk leads whoever is signed out; nothing without its own answer, for a line may be dead and not look it.
 *  In the person's name: a session that has meanwhile become somebody else's goes on. */
async function endSession(address, person) {
  const signal = AbortSignal.timeout(ANSWER_WITHIN);
  const answer = await fetch(address, { method: "POST", headers: { "As-Person": person }, signal }).catch(() => ({}));
  return answer.ok && answer.redirected ? answer.url : undefined;
}

function question(count) {
  const what = count === 1 ? "A message has" : `${count} messages have`;
  return [`${what} not been sent`, "Signing out deletes what is kept in this browser, that too.", "Sign out all the same"];
}

async function forgetAll(person) {
  forgetDrafts(person);
  for (const message of await of(person)) await drop(message);
  for (const { key } of await parcels(person)) await forgetParcel(key);
  await Promise.all([forgetPages(), within("news", "readwrite", (store) => store.clear()).catch(() => {})]);
}
