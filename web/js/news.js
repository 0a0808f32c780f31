// What has come since the page was loaded, for the copy of it that the service worker keeps: opened without a network,
// the page shows that too. `{page, id, person, what}`; `what` is as the desk sent it.

import { within } from "./database.js";

/** When the copy that is shown was made, or nothing on a page that comes from the desk. */
export const keptAt = document.documentElement.dataset.kept;

const me = Number(document.documentElement.dataset.me);
const page = location.pathname + location.search;
const ofPage = () => IDBKeyRange.bound([page], [page, []]);
const change = (work) => within("news", "readwrite", work).catch(() => {});

/** Keeps `items`, which are known by `idOf(item)`. */
export function keepNews(items, idOf) {
  if (!navigator.serviceWorker?.controller) return;
  change((store) => {
    for (const what of items) store.put({ page, id: idOf(what), person: me, what });
  });
}

/** What the kept copy does not show, in order of its ids. */
export async function news() {
  const kept = keptAt ? await within("news", "readonly", (store) => store.getAll(ofPage())).catch(() => []) : [];
  return kept.filter(({ person }) => person === me).map(({ what }) => what);
}

/** The page that is kept shows it all. */
export function dropNews() {
  return change((store) => store.delete(ofPage()));
}
