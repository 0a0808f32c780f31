// What this browser keeps for its person beside the outbox: drafts, and the pages that can be opened without a network.

export const DRAFTS = "ccr:draft:";
const PAGE = "ccr:page";
const PAGES = "pages-"; // the service worker keeps a person's pages in the cache of this name and their id

/** Forgets the pages kept for opening without a network. */
export async function forgetPages() {
  await Promise.all((await cacheNames()).map((name) => caches.delete(name)));
}

/** Forgets one of them, which is no longer the person's to see. */
export async function forgetPage(path) {
  for (const name of await cacheNames()) await (await caches.open(name)).delete(path);
}

async function cacheNames() {
  const names = (await globalThis.caches?.keys().catch(() => [])) ?? [];
  return names.filter((name) => name.startsWith(PAGES));
}

/** Forgets what one person has half written here in plain sight. */
export function forgetDrafts(person) {
  names(`${DRAFTS}${person}:`).forEach(remove);
  safely(() => sessionStorage.removeItem(PAGE));
}

/** Keeps in this tab what its page is called. Returns what the one before it was. */
export function turnPage(name) {
  return safely(() => {
    const before = sessionStorage.getItem(PAGE);
    sessionStorage.setItem(PAGE, name);
    return before;
  });
}

export function names(prefix) {
  return safely(() => Object.keys(localStorage).filter((name) => name.startsWith(prefix))) ?? [];
}

export function read(name) {
  return safely(() => JSON.parse(localStorage.getItem(name))) ?? null;
}

/** Whether it is kept. */
export function write(name, value) {
  return safely(() => (localStorage.setItem(name, JSON.stringify(value)), true)) ?? false;
}

export function remove(name) {
  safely(() => localStorage.removeItem(name));
}

/** Storage may be full or forbidden (a worker has none); then nothing outlives a reload, and all else still works. */
function safely(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}
