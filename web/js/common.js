// What every page does: times in the reader's own clock, what was left unsent carried on, and nothing left behind when
// somebody signs out.

import { localise } from "./format.js";
import { newKey } from "./keys.js";
import { deliverElsewhere, keepWorker } from "./lasting.js";

const SIGN_OUT = 'form[action="/logout"]';
const me = Number(document.documentElement.dataset.me);

localise(document);
// A kept page's forms may have been sent before; their keys would say that nothing new is asked for.
if (document.documentElement.dataset.kept) for (const field of document.querySelectorAll("[name=key]")) field.value = newKey();
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
