// Commands on their way, kept until the desk has acknowledged them: `{key, person, ticket, command, at, fault}`. They lie
// in the browser's database, where a closed tab, a crash or an empty battery leaves them. Where there is none they lie in
// local storage, and where that is forbidden too, in this page's memory.

import { within } from "./database.js";
import { isRefusal } from "./refusals.js";
import { names, read, remove, write } from "./store.js";

const ROOT = "ccr:out:";
/** Refusals that pass by themselves; the same key is sent again. */
const PASSING = new Set(["unavailable", "rate_limited"]);
const AGAIN_IN = 2;

const memory = new Map();
const channel = globalThis.BroadcastChannel && new BroadcastChannel("ccr");

/** Whoever shows messages hears when another tab or the worker has changed them: `{person, ticket, entries?}`. */
export function onChange(callback) {
  channel?.addEventListener("message", ({ data }) => callback(data));
}

function tell({ person, ticket }, entries) {
  channel?.postMessage({ person, ticket, entries });
}

/** Everybody's, oldest first. */
export async function all() {
  const local = names(ROOT).map((name) => readLocal(name)).filter(Boolean);
  const kept = await within("outgoing", "readonly", (store) => store.getAll()).catch(() => []);
  const byKey = new Map([...local, ...kept, ...memory.values()].map((message) => [message.key, message]));
  return [...byKey.values()].sort((one, other) => one.at - other.at);
}

/** One person's. */
export async function of(person) {
  return (await all()).filter((message) => message.person === person);
}

/** One person's on one ticket; `ticket` is null for those that raise one. */
export async function waiting(person, ticket) {
  return (await of(person)).filter((message) => message.ticket === ticket);
}

export async function put(message) {
  try {
    // On the disk: an empty battery a moment later must find it there.
    await within("outgoing", "readwrite", (store) => store.put(message), "strict");
  } catch {
    if (!write(nameOf(message), message)) memory.set(message.key, message);
  }
  tell(message);
}

export async function drop(message) {
  memory.delete(message.key);
  remove(nameOf(message));
  await within("outgoing", "readwrite", (store) => store.delete(message.key)).catch(() => {});
}

/** Sends what one person has waiting for one ticket, in order, one at a time, whoever else would (other tabs, the worker)
 *  waiting meanwhile. `send(message)` resolves with its entries once it is acknowledged and shown. Resolves with nothing when no more is
 *  waiting, or with the seconds after which to go on; throws what `send` throws for a lost connection. */
export function carry(person, ticket, send) {
  return alone(`ccr:${person}:${ticket}`, async () => {
    for (;;) {
      const next = (await waiting(person, ticket)).find(({ fault }) => !fault);
      if (!next) return undefined;
      try {
        const entries = await send(next);
        await drop(next);
        tell(next, entries);
      } catch (error) {
        if (!isRefusal(error) || error.code === "unauthenticated") throw error;
        if (PASSING.has(error.code)) return error.retryAfter || AGAIN_IN;
        await put({ ...next, fault: { code: error.code, reason: error.message } });
      }
    }
  });
}

/** Without locks (an old browser, a page by plain http) two may send the same; the desk tells them by the key. */
function alone(name, action) {
  return globalThis.navigator?.locks ? navigator.locks.request(name, action) : action();
}

const nameOf = ({ person, ticket, key }) => `${ROOT}${person}:${ticket}:${key}`;

/** Earlier versions kept person and ticket in the name alone. */
function readLocal(name) {
  const [person, ticket] = name.slice(ROOT.length).split(":").map(Number);
  const message = read(name);
  return message && { person, ticket: ticket || null, ...message };
}
