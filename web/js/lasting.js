// What lasts longer than a page: the service worker, and what was left in the outbox for other pages than this.

import { all } from "./outbox.js";

const AFTER = 5_000;
const AGAIN_AFTER = 10_000;

/** The worker is fetched once the page has had all it needs: a first visit on a slow line must not wait for what only
 *  later ones use. */
export function keepWorker() {
  if (!("serviceWorker" in navigator)) return;
  const whenIdle = window.requestIdleCallback ?? setTimeout;
  setTimeout(() => whenIdle(settle), AFTER);
  // It has seen nothing of a page that was there before it; asked for once more, it keeps that too.
  if (!navigator.serviceWorker.controller && document.documentElement.dataset.me) {
    navigator.serviceWorker.addEventListener("controllerchange", askAgain, { once: true });
  }
}

function settle() {
  if (!navigator.onLine) return addEventListener("online", settle, { once: true });
  navigator.serviceWorker.register("/sw.js").catch(() => {});
  if (document.querySelector("[data-offer]"))
    import("./offer.js").then(
      ({ offer }) => offer(document.querySelector("ticket-timeline")),
      () => {}, // the line is away: the next page asks
    );
}

const askAgain = () => fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => {});

/** Has the worker send what is kept, should this page be gone when the network is back. */
export async function deliverLater() {
  const registration = await navigator.serviceWorker?.ready;
  await registration?.sync?.register("outbox").catch(() => {});
}

/** Sends what the person wrote on other pages than that of ticket `here`: now, and when there is reason to hope. */
export function deliverElsewhere(person, here) {
  let timer;
  const isOurs = (message) => message.person === person && message.ticket !== here;
  async function go() {
    clearTimeout(timer);
    if (!navigator.onLine || !(await all()).some((message) => isOurs(message) && !message.fault)) return;
    if (!(await import("./deliver.js").then(({ deliver }) => deliver(isOurs), () => true))) return;
    timer = setTimeout(go, AGAIN_AFTER);
    deliverLater();
  }
  addEventListener("online", go);
  document.addEventListener("visibilitychange", () => document.hidden || go());
  go();
}
