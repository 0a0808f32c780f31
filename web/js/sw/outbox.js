// What was written and could not be sent, carried from here when the browser says that the network is back.

import { deliver } from "../deliver.js";

addEventListener("sync", (event) => {
  if (event.tag === "outbox") event.waitUntil(all());
});

/** What is left makes the browser try again later. */
async function all() {
  if (await deliver()) throw new Error("not everything could be sent");
}
