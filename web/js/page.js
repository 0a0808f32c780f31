// Entry point of every page that is neither a ticket nor a list of tickets.

import "./bubble.js";
import "./common.js";

const notify = document.querySelector("#notify-here");
if (notify) import("./notify.js").then(({ showHere }) => showHere(notify), () => {});
