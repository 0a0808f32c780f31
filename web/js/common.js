// What every page does: times in the reader's own clock, and nothing left behind when somebody signs out.

import { localise } from "./format.js";
import { keepWorker } from "./lasting.js";
import { forgetEverything } from "./store.js";

localise(document);
keepWorker();
document.addEventListener("submit", (event) => {
  if (event.target.matches('form[action="/logout"]')) forgetEverything();
});
