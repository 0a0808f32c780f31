// Entry point for agents, beside ticket.js: replies written beforehand. `/` in an empty composer lists them, further
// letters narrow the list. They come with the composer, as data: [{shortcut, body}].

const HINT = ", or / for a reply";
const room = matchMedia("(width >= 48rem)");
let found = [];
let at = 0;

// There is no composer while the ticket is closed, and another one once it is reopened: everything is looked up when it
// is needed.
const replies = () => JSON.parse(document.querySelector(".canned-replies").textContent);
const text = () => document.querySelector("message-composer textarea");
const list = () => document.getElementById("canned");

new MutationObserver(hint).observe(document.getElementById("panel"), { childList: true });
room.addEventListener("change", hint);
hint();

document.addEventListener("input", ({ target }) => target === text() && look());
document.addEventListener("focusout", ({ target }) => target === text() && show([]));
document.addEventListener("pointerdown", press, true);
// Before the composer hears of the key, which might send.
document.addEventListener("keydown", (event) => event.target === text() && key(event), true);

function hint() {
  const words = text()?.placeholder.replace(HINT, "");
  if (words) text().placeholder = words + (room.matches ? HINT : "");
}

function look() {
  const typed = /^\/(\S*)$/.exec(text().value)?.[1]?.toLowerCase();
  show(typed === undefined ? [] : replies().filter(({ shortcut }) => shortcut.toLowerCase().includes(typed)));
}

function key(event) {
  if (!found.length || event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose((at + step + found.length) % found.length);
  else if (event.key === "Enter" || event.key === "Tab") take();
  else if (event.key === "Escape") show([]);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

function press(event) {
  const item = event.target.closest?.("#canned [role=option]");
  if (!item) return;
  event.preventDefault(); // the text keeps the focus
  at = [...list().children].indexOf(item);
  take();
}

function show(some) {
  found = some;
  list().hidden = !found.length;
  list().replaceChildren(...found.map(option));
  text().setAttribute("aria-autocomplete", "list");
  text().setAttribute("aria-controls", "canned");
  if (found.length) choose(0);
  else text().removeAttribute("aria-activedescendant");
}

function choose(n) {
  at = n;
  [...list().children].forEach((item, place) => item.setAttribute("aria-selected", place === at));
  text().setAttribute("aria-activedescendant", list().children[at].id);
  list().children[at].scrollIntoView({ block: "nearest" });
}

function take() {
  text().value = found[at].body;
  show([]);
  text().dispatchEvent(new Event("input", { bubbles: true }));
}

function option({ shortcut, body }, n) {
  const item = document.createElement("li");
  const name = document.createElement("b");
  item.id = `canned-${n}`;
  item.setAttribute("role", "option");
  name.textContent = `/${shortcut}`;
  item.append(name, " ", body);
  return item;
}
