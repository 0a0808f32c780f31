// On the account page: turning notifications on in this very browser.

import { hindrance, isSubscribed, turnOn } from "./push.js";

export async function showHere(place) {
  if (place.dataset.on === "yes" && (await isSubscribed())) return place.remove(); // it is listed above
  const why = hindrance();
  if (why) return say(place, why);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Turn on in this browser";
  button.onclick = () => press(place, button);
  place.replaceChildren(button);
}

async function press(place, button) {
  button.disabled = true;
  try {
    if (await turnOn()) return location.assign("/account?done=notified#notifications");
    say(place, hindrance() || "You were asked, and did not allow it.");
  } catch (error) {
    say(place, error.message || "It could not be turned on.");
  }
}

function say(place, words) {
  const line = document.createElement("p");
  line.className = "faint";
  line.setAttribute("role", "status");
  place.replaceChildren(line);
  line.textContent = words;
}
