// Notifications. One for each ticket, which the next one replaces; none on the ticket that is being looked at.

const ROUTE = "/api/v1/me/notifications";
const ICON = `/static/${BUILT["icon-192.png"] ?? BUILT["favicon.svg"]}`;

addEventListener("push", (event) => event.waitUntil(show(event.data.json())));

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.path));
});

// Whoever opens a ticket in any way needs no notification of it any more. Signing out in any way leads to the pages in
// front of the sign-in: who comes next must not see what was for somebody else.
addEventListener("fetch", (event) => {
  const { mode, url } = event.request;
  if (mode !== "navigate") return;
  const { pathname } = new URL(url);
  const ticket = pathname.match(/^\/tickets\/(\d+)$/)?.[1];
  if (ticket) event.waitUntil(close({ tag: tagOf(ticket) }));
  if (pathname === "/login" || pathname === "/register") event.waitUntil(close());
});

// The browser's maker has moved it: say where it takes notifications from now on.
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function show({ id, ticket, title, body, path, at }) {
  const looking = (await pages()).some((page) => page.visibilityState === "visible" && page.focused && isAt(page, path));
  if (looking) return;
  const tag = tagOf(ticket);
  const [shown] = await registration.getNotifications({ tag });
  // A second copy of what is shown already makes no sound.
  const renotify = shown?.data?.id !== id;
  await registration.showNotification(title, { body, tag, renotify, icon: ICON, timestamp: at, data: { id, path } });
}

async function open(path) {
  const page = (await pages()).find((one) => isAt(one, path));
  return page ? page.focus() : clients.openWindow(path);
}

async function close(which) {
  for (const shown of await registration.getNotifications(which)) shown.close();
}

async function renew({ oldSubscription, newSubscription }) {
  const options = oldSubscription?.options ?? { userVisibleOnly: true, applicationServerKey: await key() };
  const { endpoint, keys } = (newSubscription ?? (await registration.pushManager.subscribe(options))).toJSON();
  const headers = { "Content-Type": "application/json" };
  await fetch(ROUTE, { method: "POST", headers, body: JSON.stringify({ endpoint, keys }) });
}

async function key() {
  return (await (await fetch(ROUTE)).json()).key;
}

function pages() {
  return clients.matchAll({ type: "window", includeUncontrolled: true });
}

function isAt(page, path) {
  return new URL(page.url).pathname === path;
}

function tagOf(ticket) {
  return `ticket-${ticket}`;
}
