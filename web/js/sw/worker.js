// The service worker: what goes on when no page is open, or none can be had. Each matter has a file of its own, which
// listens to what it needs; here they are only named.

import "./push.js"; // ahead of the shell: once somebody answers a request, nobody after them hears of it
import "./shell.js";
import "./outbox.js";
