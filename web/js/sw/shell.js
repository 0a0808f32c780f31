// A new worker takes over at once: pages name their files by content, so it cannot mix up two versions.

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
