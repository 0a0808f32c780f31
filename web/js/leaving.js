// Signing out: nothing of the person stays in this browser, which on the way asks about what has not been sent.

import { within } from "./database.js";
import { all as allWithFiles } from "./files/shelf.js";
import { all, forgetOutbox } from "./outbox.js";
import { forgetDrafts, forgetPages, names } from "./store.js";
import { isSure } from "./sure.js";

/** Sends `form`, which signs `person` out, unless they would rather stay. */
export async function signOut(form, person) {
  const unsent = (await all()).filter((message) => message.person === person).length + (await withFiles(person));
  if (unsent && !(await isSure(...question(unsent)))) return;
  if (!navigator.onLine) return void (await isSure("Not now", "Signing out needs a connection.", ""));
  await forgetAll();
  form.submit();
}

/** Messages that wait for their files; where there are none, not even a place for them is made. */
async function withFiles(person) {
  return names("ccr:parcel").length ? (await allWithFiles(person)).length : 0;
}

function question(count) {
  const what = count === 1 ? "A message has" : `${count} messages have`;
  return [`${what} not been sent`, "Signing out deletes what is kept in this browser, that too.", "Sign out all the same"];
}

async function forgetAll() {
  forgetDrafts();
  globalThis.indexedDB?.deleteDatabase("ccr-files"); // messages that wait for their files
  await Promise.all([forgetOutbox(), forgetPages(), within("news", "readwrite", (store) => store.clear()).catch(() => {})]);
}
