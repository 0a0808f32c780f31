// The browser's own database: `outgoing` holds commands not yet acknowledged, by key; `news` what a kept page does not
// show yet, by page and id. Pages and the service worker share it.

const NAME = "ccr";
const VERSION = 1;

let opening;

/** One transaction on one store. Resolves with what `work(store)` asked for, once it is done; `strict`: on the disk. */
export async function within(store, mode, work, durability = "relaxed") {
  const database = await (opening ??= open());
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("outgoing", { keyPath: "key" });
      request.result.createObjectStore("news", { keyPath: ["page", "id"] });
    };
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
