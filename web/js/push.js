// Notifications in this browser: whether it can show any, and turning them on.

const ROUTE = "/api/v1/me/notifications";

/** Why this browser shows none whatever is pressed; empty if it might. */
export function hindrance() {
  if (!("PushManager" in window && "Notification" in window && navigator.serviceWorker))
    return "This browser cannot show notifications. On an iPhone or iPad, put this site on the Home Screen and open it there.";
  if (Notification.permission === "denied") return "This browser’s settings block notifications from this site.";
  return "";
}

/** Asks the reader, which only a press may do, and has us told where to send. Returns whether they said yes. */
export async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return false;
  const { key } = await call("GET");
  const { endpoint, keys } = (await subscription(bytes(key))).toJSON();
  await call("POST", { endpoint, keys });
  return true;
}

/** Whether this browser is subscribed, as far as it knows itself. */
export async function isSubscribed() {
  const registration = await navigator.serviceWorker?.getRegistration();
  return Boolean(await registration?.pushManager?.getSubscription());
}

async function subscription(key) {
  await navigator.serviceWorker.register("/sw.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  const old = await pushManager.getSubscription();
  if (old && isSame(new Uint8Array(old.options.applicationServerKey ?? 0), key)) return old;
  await old?.unsubscribe(); // it was for another key, and takes nothing signed by ours
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

async function call(method, body) {
  const headers = body && { "Content-Type": "application/json" };
  const answer = await fetch(ROUTE, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).message ?? "It could not be turned on.");
  return answer.json();
}

function bytes(base64url) {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function isSame(one, other) {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}
