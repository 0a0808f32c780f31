// Entry point for agents, beside ticket.js: what the help knows about what the customer wrote. It is looked for only once
// there is somewhere to be seen: at once where it stands beside the conversation, on a press where it is folded away, and
// anew when a closed ticket was reopened.

const box = document.getElementById("suggested");

const watcher = new IntersectionObserver(async (seen) => {
  if (!seen.at(-1).isIntersecting) return;
  const { suggest } = await import("./suggestions.js");
  suggest(box);
});
watcher.observe(box);
// What comes while the page is in the background changes nothing of what can be seen: it is looked at anew.
new MutationObserver(() => (watcher.unobserve(box), watcher.observe(box))).observe(box, { childList: true });
