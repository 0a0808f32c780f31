// Messages whose files are still on their way, kept in a database of this browser, files and all, until they are sent.
// A mark in plain sight tells the page that there are some, so that it need not look.

import { database } from "../database.js";

const MARK = "ccr:parcel:";
const within = database("ccr-files", (made) => made.createObjectStore("parcels", { keyPath: "key" }));

export async function keep(parcel) {
  await within("parcels", "readwrite", (store) => store.put(parcel));
  try {
    localStorage.setItem(MARK + parcel.key, "1");
  } catch {
    // then it is not looked for after a reload
  }
}

export async function forget(key) {
  localStorage?.removeItem(MARK + key);
  await within("parcels", "readwrite", (store) => store.delete(key)).catch(() => {});
}

/** One person's on one ticket, oldest first. */
export async function kept(person, ticket) {
  return (await all(person)).filter((one) => one.ticket === ticket).sort((one, other) => one.at - other.at);
}

/** All of one person's. */
export async function all(person) {
  const found = await within("parcels", "readonly", (store) => store.getAll()).catch(() => []);
  return found.filter((one) => one.person === person);
}
