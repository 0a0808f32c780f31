// The way to the assistant on every page in front of the sign-in: a link to the help, until it is pressed.

const bubble = document.querySelector(".ask-bubble");
let opened;

bubble?.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const { openAsk } = await import("./ask.js");
    opened ??= openAsk(bubble);
    opened.show();
  } catch {
    location.href = bubble.href;
  }
});
