// What every page does: times in the reader's own clock, what was left unsent carried on, and nothing left behind when
// somebody signs out.

import { localise } from "./format.js";
import { deliverElsewhere, keepWorker } from "./lasting.js";

const SIGN_OUT = 'form[action="/logout"]';
const me = Number(document.documentElement.dataset.me);

localise(document);
keepWorker();
if (me) {
  document.addEventListener("submit", (event) => event.target.matches(SIGN_OUT) && leave(event));
  deliverElsewhere(me, Number(document.querySelector("ticket-timeline")?.dataset.ticket));
}

async function leave(event) {
  event.preventDefault();
  const form = event.target;
  const { signOut } = await import("./leaving.js").catch(() => ({ signOut: () => form.submit() }));
  signOut(form, me);
}
