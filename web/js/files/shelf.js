// Messages whose files are still on their way, kept in a database of this browser, files and all, until they are sent.
// A mark in plain sight tells the page that there are some, so that it need not look.

const NAME = "ccr-files";
const MARK = "ccr:parcel:";

let opening;

export async function keep(parcel) {
  await within("readwrite", (store) => store.put(parcel));
  try {
    localStorage.setItem(MARK + parcel.key, "1");
  } catch {
    // then it is not looked for after a reload
  }
}

export async function forget(key) {
  localStorage?.removeItem(MARK + key);
  await within("readwrite", (store) => store.delete(key)).catch(() => {});
}

/** One person's on one ticket, oldest first. */
export async function kept(person, ticket) {
  return (await all(person)).filter((one) => one.ticket === ticket).sort((one, other) => one.at - other.at);
}

/** All of one person's. */
export async function all(person) {
  const found = await within("readonly", (store) => store.getAll()).catch(() => []);
  return found.filter((one) => one.person === person);
}

async function within(mode, work) {
  const database = await (opening ??= open());
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("parcels", mode);
    const request = work(transaction.objectStore("parcels"));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("parcels", { keyPath: "key" });
    request.onsuccess = () => {
      const database = request.result;
      // Another version of this file wants in, or the reader has cleared the site's data: opened anew when next used.
      database.onversionchange = () => (database.close(), (opening = undefined));
      database.onclose = () => (opening = undefined);
      resolve(database);
    };
    request.onerror = () => ((opening = undefined), reject(request.error));
  });
}
