// Carries the outbox by plain requests: for tickets whose page is not open, and from the service worker.

import { all, carry } from "./outbox.js";
import { Lost, Refused } from "./refusals.js";

const ANSWER_WITHIN = 20_000;

/** Sends what waits, of those messages that `isOurs` takes. Resolves with whether something is left for later. */
export async function deliver(isOurs = () => true) {
  const messages = (await all()).filter((message) => !message.fault && isOurs(message));
  const lanes = new Map(messages.map(({ person, ticket }) => [`${person}:${ticket}`, { person, ticket }]));
  const left = await Promise.all([...lanes.values()].map(({ person, ticket }) => deliverOne(person, ticket)));
  return left.some(Boolean);
}

async function deliverOne(person, ticket) {
  try {
    for (;;) {
      const wait = await carry(person, ticket, async (message) => (await post(message)).entries);
      if (!wait) return false;
      await new Promise((resolve) => setTimeout(resolve, wait * 1_000));
    }
  } catch {
    return true;
  }
}

/** Resolves with the answer: of a new ticket that ticket, else its entries.
 *
 *  In its writer's name: the desk refuses what comes with the session of somebody else, and it goes on waiting. */
export async function post({ person, ticket, key, command }) {
  const { type, ...fields } = command;
  const answer = await fetch(ticket ? `/api/v1/tickets/${ticket}/commands` : "/api/v1/tickets", {
    method: "POST",
    headers: { "Content-Type": "application/json", "As-Person": person },
    body: JSON.stringify(ticket ? { key, command } : { key, ...fields }),
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  });
  const body = await answer.json(); // what is not JSON comes from something in between, not from the desk
  if (answer.ok) return body;
  if (!body.code || body.code === "internal") throw new Lost(answer.statusText);
  throw new Refused({ ...body, retry_after: Number(answer.headers.get("Retry-After")) });
}
