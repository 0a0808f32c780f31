// Signing out: nothing of the person stays in this browser, which on the way asks about what has not been sent. What
// others have left here to be sent is theirs, and stays.

import { within } from "./database.js";
import { all as parcels, forget as forgetParcel } from "./files/shelf.js";
import { drop, of } from "./outbox.js";
import { forgetDrafts, forgetPages } from "./store.js";
import { isSure } from "./sure.js";

/** Sends `form`, which signs `person` out, unless they would rather stay. */
export async function signOut(form, person) {
  const unsent = (await of(person)).length + (await parcels(person)).length;
  if (unsent && !(await isSure(...question(unsent)))) return;
  if (!navigator.onLine) return void (await isSure("Not now", "Signing out needs a connection.", ""));
  await forgetAll(person);
  form.submit();
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
