// Entries from the page's own templates: the markup that the server renders is cloned and filled, with text and a short
// list of attributes alone. Nothing that somebody wrote is ever taken for markup.

import { localiseOne } from "./format.js";

const QUOTE_LENGTH = 120;
const TAKEN_BACK = "Message taken back";
const TAKE_BACK_WITHIN = 15 * 60_000;
const STARS = 5;

/** Text by the class of its place; `null` removes the place, `undefined` leaves it. `v` is the viewer. */
const TEXTS = {
  by: (entry, v) => (isMine(entry, v) ? "You" : entry.actor.name),
  who: (entry, v) => (isMine(entry, v) ? "You" : entry.actor.name),
  query: (entry) => entry.query,
  details: (entry) => entry.details ?? null,
  body: (entry) => (entry.redacted ? TAKEN_BACK : entry.body || null),
  agent: (entry, v) => (entry.agent?.id === v.me ? "you" : entry.agent?.name),
  priority: (entry) => entry.priority,
  reason: (entry) => entry.reason ?? null,
  comment: (entry) => entry.comment ?? null,
  reply: (entry, v) => (v.mayWrite && !entry.redacted ? undefined : null),
  undo: (entry, v) => (isMine(entry, v) && !entry.redacted && isFresh(entry.at) ? undefined : null),
  ticks: (entry, v) => (isMine(entry, v) && (entry.type !== "note_posted" || !entry.seq) ? undefined : null),
};

/** When an entry happened, from its list item. */
export const timeOf = (item) => item.querySelector("time").dateTime;

const isMine = (entry, viewer) => entry.actor.id === viewer.me;
const isFresh = (at) => Date.now() - new Date(at) < TAKE_BACK_WITHIN;

/** The entry as a list item, or null when this page knows no such type: what is newer than the page is left out. */
export function renderEntry(entry, viewer, quoted) {
  const type = entry.type === "agent_assigned" && !entry.agent ? "agent_unassigned" : entry.type;
  const template = document.getElementById(`t-${type}`);
  if (!template) return null;
  const item = template.content.firstElementChild.cloneNode(true);
  fillItem(item, entry, viewer);
  for (const [name, read] of Object.entries(TEXTS)) fillPlace(item, name, read(entry, viewer));
  link(item.querySelector(".body, .details"), entry.actor.role === "bot");
  fillLinks(item, entry);
  fillTime(item, entry.at);
  fillStars(item, entry.stars);
  if (entry.reply_to && !entry.redacted) fillQuote(item, entry.reply_to, quoted);
  else item.querySelector(".quote")?.remove();
  showTicks(item, viewer);
  if (entry.attachments) fillFiles(item, entry.attachments);
  return item;
}

/** Files by their names at once; the part that draws them properly, loaded by whoever hears of it, takes their place. */
function fillFiles(item, attachments) {
  const place = made("div", "files");
  for (const { id, name } of attachments) {
    const link = made("a", "file");
    link.href = `/api/v1/attachments/${id}`;
    link.append(made("span", "name"));
    link.firstChild.textContent = name;
    place.append(link);
  }
  item.querySelector(".body, .meta").before(place);
  queueMicrotask(() => dispatchEvent(new CustomEvent("files", { detail: { place, attachments } })));
}

function made(tag, name) {
  return Object.assign(document.createElement(tag), { className: name });
}

function fillItem(item, entry, viewer) {
  if (entry.seq) item.id = `e${entry.seq}`;
  if (entry.seq) item.dataset.seq = entry.seq;
  Object.assign(item.dataset, { type: entry.type, actor: entry.actor.id });
  // By its key a message on its way is known, should it have arrived before a reload.
  if (entry.key && "body" in entry && isFresh(entry.at)) item.dataset.key = entry.key;
  item.classList.toggle("mine", isMine(entry, viewer));
  item.classList.toggle("redacted", Boolean(entry.redacted));
  item.classList.toggle("bot", entry.actor.role === "bot");
}

function fillPlace(item, name, text) {
  const place = item.querySelector(`.${name}`);
  if (!place || text === undefined) return;
  if (text === null) place.remove();
  else place.textContent = text;
}

const ARTICLE = /(\/help\/(?:questions\/)?[a-z0-9-]+)/;
// The same as the server's: no blanks, no signs that turn the direction, no name before the host, no end of a sentence.
const APART = '\\x00-\\x20\\x7f-\\xa0\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff<>"';
const ADDRESS = new RegExp(`(https?://(?![^${APART}/?#]*@)[^${APART}]*[^${APART}.,:;!?'()\\[\\]{}…’”»])`);

/** The articles that the bot names can be followed, and addresses that people write; nothing else that is said can be. */
function link(place, isBot) {
  if (!place) return;
  const parts = place.textContent.split(isBot ? ARTICLE : ADDRESS);
  if (parts.length > 1) place.replaceChildren(...parts.map((part, n) => (n % 2 ? linkTo(part, isBot) : part)));
}

function linkTo(href, isOurs) {
  const link = Object.assign(document.createElement("a"), { href, textContent: href });
  return isOurs ? link : Object.assign(link, { target: "_blank", rel: "noopener noreferrer nofollow" });
}

function fillLinks(item, entry) {
  for (const [name, field] of [["reply", "reply_to"], ["undo", "take_back"]]) {
    item.querySelector(`.${name}`)?.setAttribute("href", `?${field}=${entry.seq}#compose`);
  }
}

function fillTime(item, at) {
  const time = item.querySelector("time");
  time.dateTime = at;
  localiseOne(time);
}

function fillStars(item, given) {
  const stars = item.querySelector(".stars-given");
  if (!stars) return;
  stars.textContent = "★".repeat(given) + "☆".repeat(STARS - given);
  stars.setAttribute("aria-label", `${given} of ${STARS} stars`);
}

function fillQuote(item, seq, quoted) {
  const quote = item.querySelector(".quote");
  if (!quote) return;
  quote.setAttribute("href", `#e${seq}`);
  quote.querySelector(".quoted-by").textContent = quoted?.by ?? "";
  quote.querySelector(".quoted-text").textContent = quoted?.text ?? "An earlier message";
}

/** What a reply shows of the entry it answers, from its list item. */
export function quoteOf(item) {
  if (!item) return null;
  const text = wordsOf(item);
  return { by: item.querySelector(".by").textContent, text: cut(text.replace(/\s+/g, " ").trim()) };
}

/** What was said; of files alone, what they are called. */
function wordsOf(item) {
  const files = [...item.querySelectorAll(".files img, .files .name")].map(({ alt, textContent }) => alt || textContent);
  return (item.querySelector(".body, .query, .line")?.textContent ?? "") || files.join(", ");
}

function cut(text) {
  const characters = Array.from(text);
  return characters.length > QUOTE_LENGTH ? characters.slice(0, QUOTE_LENGTH - 1).join("") + "…" : text;
}

/** What was quoted before its source was on the page is written anew. */
export function refreshQuotes(root, source) {
  for (const quote of root.querySelectorAll(`.quote[href="#${source.id}"]`)) {
    fillQuote(quote.parentElement, source.dataset.seq, quoteOf(source));
  }
}

/** What was quoted was taken back. */
export function blankQuotes(root, seq) {
  for (const words of root.querySelectorAll(`.quote[href="#e${seq}"] .quoted-text`)) words.textContent = TAKEN_BACK;
}

/** Sent, or read by the other side: the viewer's `seen` says how far. */
export function showTicks(item, viewer) {
  const place = item.querySelector(".ticks");
  if (!place || !item.dataset.seq) return;
  const isRead = Number(item.dataset.seq) <= viewer.seen;
  place.textContent = isRead ? "✓✓" : "✓";
  place.setAttribute("aria-label", isRead ? "Read" : "Sent");
}

/** Blanks a message whose words were taken back. */
export function blank(item) {
  item.classList.add("redacted");
  if (!item.querySelector(".body")) item.querySelector(".meta").before(made("p", "body"));
  item.querySelector(".body").textContent = TAKEN_BACK;
  for (const gone of item.querySelectorAll(".quote, .files, .reply, .undo")) gone.remove();
}

/** Words can be taken back for a quarter of an hour; then the offer goes. */
export function withdrawStaleOffers(root) {
  for (const undo of root.querySelectorAll(".undo")) {
    if (!isFresh(timeOf(undo.closest(".entry")))) undo.remove();
  }
}

/** A message on its way, drawn as the entry that it will be. */
export function renderPending({ key, command, at: sentAt, fault }, viewer, quoted) {
  const type = command.type === "post_note" ? "note_posted" : "message_posted";
  const at = new Date(sentAt).toISOString();
  const { attachments, body = attachments ? "Files" : "", reply_to } = command;
  const item = renderEntry({ body, reply_to, type, key, at, actor: { id: viewer.me } }, viewer, quoted);
  for (const place of item.querySelectorAll(".reply, .undo")) place.remove();
  item.classList.add("on-its-way");
  item.classList.toggle("failed", Boolean(fault));
  const ticksPlace = item.querySelector(".ticks");
  ticksPlace.textContent = "";
  ticksPlace.setAttribute("aria-label", fault ? "Not sent" : "Kept here");
  if (fault) item.append(renderFault(fault.reason));
  return item;
}

function renderFault(reason) {
  const fault = document.getElementById("t-fault").content.firstElementChild.cloneNode(true);
  fault.querySelector(".why").textContent = reason;
  return fault;
}

/** "Amir: Good morning", for readers. */
export function spoken(item) {
  const words = wordsOf(item);
  const by = item.querySelector(".by")?.textContent;
  return by ? `${by}: ${words}` : words;
}

