// What the bot offered last to choose from, as buttons, until anybody else writes; the number or the words can be typed
// all the same. Loaded once the bot has spoken.

import { readyToType } from "./typing.js";

/** What a message with choices ends with: see `message_of` in ccr/services/bot_words.py. */
const OFFERS = "Answer with a number, or in your own words.";
const CHOICE = /^(\d+)\. (.+)$/;

/** Shows them now and whenever something new comes. `send(words)` is how the customer says them. */
export function offerChoices(timeline, send) {
  const show = () => renew(timeline, send);
  new MutationObserver(show).observe(timeline.list, { childList: true });
  new MutationObserver(show).observe(document.getElementById("assistant"), { childList: true });
  show();
}

function renew(timeline, send) {
  const [item, choices] = (isHeard() && newestOffer(timeline.list)) || [null, []];
  for (const shown of timeline.list.querySelectorAll(".choices")) {
    if (!choices.length || shown.closest(".entry") !== item) timeline.place.hold(() => shown.remove());
  }
  if (choices.length && !item.querySelector(".choices")) {
    timeline.place.keepFor(false, false, () => item.querySelector(".bubble").after(row(choices, send)));
  }
}

/** What the bot has said since anybody else wrote may end with how long an agent will take. */
function newestOffer(list) {
  for (const item of [...list.querySelectorAll(".said")].reverse()) {
    if (!item.matches(".bot")) return null;
    const choices = choicesIn(item.querySelector(".body").textContent);
    if (choices.length) return [item, choices];
  }
  return null;
}

/** Nobody but the customer is asked, and only until people talk. */
const isHeard = () => Boolean(document.getElementById("assistant")?.firstElementChild);

/** The last list in the text that counts from 1; none where the text does not end by asking for a choice. */
function choicesIn(text) {
  const lines = text.split("\n");
  if (lines.at(-1) !== OFFERS) return [];
  let choices = [];
  for (const [, number, words] of lines.map((line) => CHOICE.exec(line) ?? [])) {
    if (number === "1") choices = [words];
    else if (Number(number) === choices.length + 1) choices.push(words);
  }
  return choices;
}

function row(choices, send) {
  const place = Object.assign(document.createElement("div"), { className: "choices row" });
  place.role = "group";
  place.ariaLabel = "Choose an answer";
  place.append(...choices.map((words) => button(words, () => (place.remove(), send(words)))));
  return place;
}

function button(words, press) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: words });
  made.addEventListener("click", () => {
    press();
    readyToType(document.querySelector("message-composer")?.text); // the button is gone
  });
  return made;
}
