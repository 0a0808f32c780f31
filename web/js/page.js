// Entry point of every page that is neither a ticket nor a list of tickets.

import "./common.js";
