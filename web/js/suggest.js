// Entry point for agents, beside ticket.js: what the help knows about what the customer wrote. It is looked for only once
// there is somewhere to be seen: at once where it stands beside the conversation, on a press where it is folded away.

const box = document.getElementById("suggested");

new IntersectionObserver(async (seen, watcher) => {
  if (!seen.some((one) => one.isIntersecting)) return;
  watcher.disconnect();
  const { suggest } = await import("./suggestions.js");
  suggest(box);
}).observe(box);
