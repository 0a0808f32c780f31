// The service worker, which stays when the page goes. It is fetched once the page has had all it needs: a first visit
// on a slow line must not wait for what only later ones use.

const AFTER = 5_000;

export function keepWorker() {
  if (!("serviceWorker" in navigator)) return;
  const whenIdle = window.requestIdleCallback ?? setTimeout;
  setTimeout(() => whenIdle(() => navigator.serviceWorker.register("/sw.js").catch(() => {})), AFTER);
}
