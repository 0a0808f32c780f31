// The browser's own databases. `outgoing` holds commands not yet acknowledged, by key; `news` what a kept page does not
// show yet, by page and id. Pages and the service worker share these.

/** One transaction on one store. Resolves with what `work(store)` asked for, once it is done; `strict`: on the disk. */
export const within = database("ccr", (made) => {
  made.createObjectStore("outgoing", { keyPath: "key" });
  made.createObjectStore("news", { keyPath: ["page", "id"] });
});

/** Opened when it is first used; `make(database)` gives a new one its stores. Returns what works in it, as `within` does. */
export function database(name, make) {
  let opening;

  function open() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => make(request.result);
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

  return async function (store, mode, work, durability = "relaxed") {
    const database = await (opening ??= open());
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(store, mode, { durability });
      const request = work(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  };
}
