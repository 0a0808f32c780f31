// What stands between entries: days, groups of one sender, and where the unread ones begin.

import { dayName, sameDay } from "./format.js";
import { timeOf } from "./render.js";

const GROUP_WITHIN = 5 * 60_000;

export const previousEntry = (item) => neighbour(item, "previousElementSibling");
const nextEntry = (item) => neighbour(item, "nextElementSibling");

function neighbour(item, side) {
  let other = item[side];
  while (other && !other.matches(".entry")) other = other[side];
  return other;
}

/** Puts an entry in its place among its neighbours: call it once the item is in the list. */
export function arrange(item) {
  const before = previousEntry(item);
  const isNewDay = !before || !sameDay(new Date(timeOf(before)), new Date(timeOf(item)));
  setDay(item, isNewDay);
  item.classList.toggle("follows", !isNewDay && isSameGroup(before, item));
}

/** The same for what follows `item`, whose predecessor is new. */
export function arrangeNext(item) {
  const next = nextEntry(item);
  if (next) arrange(next);
}

function isSameGroup(before, item) {
  return (
    isSaid(before) &&
    isSaid(item) &&
    before.dataset.actor === item.dataset.actor &&
    new Date(timeOf(item)) - new Date(timeOf(before)) < GROUP_WITHIN &&
    !item.previousElementSibling.matches(".unread")
  );
}

const isSaid = (item) => item.classList.contains("said");

function setDay(item, isNewDay) {
  let separator = item.previousElementSibling;
  if (separator?.matches(".unread")) separator = separator.previousElementSibling;
  const has = separator?.matches(".day") ? separator : null;
  if (!isNewDay) return has?.remove();
  const day = has ?? clone("t-day");
  const time = day.querySelector("time");
  time.dateTime = timeOf(item);
  time.textContent = dayName(timeOf(item));
  if (!has) (item.previousElementSibling?.matches(".unread") ? item.previousElementSibling : item).before(day);
}

/** The line before the first entry not yet read; it stays where it is until somebody moves it. */
export function divideAt(list, item) {
  const old = list.querySelector(".unread");
  const after = old && nextEntry(old);
  old?.remove();
  if (after) arrange(after);
  if (!item) return;
  item.before(clone("t-unread"));
  arrange(item);
}

function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}
