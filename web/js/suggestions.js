// Replies from the help, for the agent who answers: loaded when they can be seen. Taking one puts it where the cursor is;
// nothing that was typed goes, the browser's own undo takes it out again, and nothing is sent.

const PAUSE = 800;
const NONE = "The help knows nothing about this.";

let watched = null;

/** Fills the list in `box`, and again whenever the customer has said more; one that is being filled already stays so. */
export function suggest(box) {
  const list = box.querySelector(".suggestions");
  if (!list || list === watched) return;
  watched = list;
  let timer;
  let latest = 0;
  const look = async () => {
    const asked = ++latest;
    const found = await find(box.dataset.from);
    if (found && asked === latest && list.isConnected) show(list, found, box);
  };
  const said = new MutationObserver((changes) => {
    if (!list.isConnected) return said.disconnect(); // the ticket was closed meanwhile
    if (!changes.some(({ addedNodes }) => [...addedNodes].some(isTheirs))) return;
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
  said.observe(document.querySelector("ticket-timeline .entries"), { childList: true });
  look();
}

const isTheirs = (node) => node.matches?.(".entry.said:not(.mine)");

/** Null when they cannot be had just now, for which nobody is to be disturbed. */
async function find(address) {
  try {
    const answer = await fetch(address);
    return answer.ok ? (await answer.json()).suggestions : null;
  } catch {
    return null;
  }
}

/** What stays the same stays where it is, with the focus that may be in it. */
function show(list, found, box) {
  const here = new Map([...list.children].map((item) => [item.dataset.url, item]));
  const items = found.map((one) => here.get(one.url) ?? made(one, box));
  if (!items.length) items.push(Object.assign(document.createElement("li"), { className: "small faint", textContent: NONE }));
  if (items.some((item, place) => item !== list.children[place]) || items.length !== list.children.length) list.replaceChildren(...items);
}

function made({ kind, title, summary, url }, box) {
  const item = box.querySelector("template").content.firstElementChild.cloneNode(true);
  item.dataset.url = url;
  item.querySelector("b").textContent = title;
  item.querySelector("em").hidden = kind !== "question";
  item.querySelector("p").textContent = summary;
  const [button, link] = [item.querySelector("button"), item.querySelector("a")];
  link.href = url;
  link.setAttribute("aria-label", `Open “${title}”`);
  button.setAttribute("aria-label", `Insert “${title}”`);
  button.addEventListener("click", () => {
    box.hidePopover?.();
    insert(`${summary}\n${title}: ${new URL(url, location.href)}`);
  });
  return item;
}

function insert(words) {
  const field = document.querySelector("message-composer textarea");
  if (!field) return; // the ticket was closed meanwhile
  const at = field.selectionEnd;
  const before = field.value.slice(0, at);
  const after = field.value.slice(at);
  field.focus();
  field.setSelectionRange(at, at); // what is selected stays
  const text = `${before && !before.endsWith("\n") ? "\n" : ""}${words}${after && !after.startsWith("\n") ? "\n" : ""}`;
  // Only this way can it be undone.
  if (document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, at, at, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
