// A quiet question to a customer, once in each browser, when an agent has answered (not the bot, which does so at once):
// shall this browser tell them of the next answer? The browser's own question follows only a yes.

import { hindrance, turnOn } from "./push.js";

const THANKS_FOR = 6_000;

/** Offers it above the composer as soon as there is an answer in `timeline`, unless that was done before. */
export function offer(timeline) {
  const name = `ccr-offered:${timeline.dataset.me}`; // not forgotten when they sign out
  if (hindrance() || Notification.permission !== "default" || isMarked(name)) return;
  const look = () => {
    if (!timeline.querySelector(".entry.said:not(.mine, .opening, .bot)")) return;
    watcher.disconnect();
    mark(name);
    document.getElementById("panel").before(question());
  };
  const watcher = new MutationObserver(look);
  watcher.observe(timeline, { childList: true, subtree: true });
  look();
}

function question() {
  const box = document.createElement("div");
  const words = document.createElement("p");
  const yes = button("Notify me", () => accept(box, words));
  const no = button("No, thanks", () => box.remove());
  box.className = "notice row ends";
  words.setAttribute("role", "status");
  box.append(words, yes, no);
  requestAnimationFrame(() => (words.textContent = "Shall this browser tell you when there is an answer?")); // read out
  return box;
}

async function accept(box, words) {
  for (const each of box.querySelectorAll("button")) each.remove();
  words.textContent = "One moment …";
  try {
    words.textContent = (await turnOn())
      ? "This browser will tell you. You can change that in your account."
      : hindrance() || "Not now, then. You find it in your account.";
  } catch {
    words.textContent = "That did not work just now. You can try again in your account.";
  }
  setTimeout(() => box.remove(), THANKS_FOR);
}

function button(words, press) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "small", textContent: words, onclick: press });
  return made;
}

/** Where nothing can be kept, nothing is asked: it would be asked on every page. */
function isMarked(name) {
  try {
    return localStorage.getItem(name) !== null;
  } catch {
    return true;
  }
}

function mark(name) {
  localStorage.setItem(name, "yes");
}
