// Entry point of the help centre and of the page that raises a ticket: answers while somebody types. A field with
// `data-finds` names the place for them. Without scripts the help centre's form asks for a page.

import "./bubble.js";
import "./common.js";

const PAUSE = 180;
const LEAST = 3;
const OFFERED = 2;

for (const field of document.querySelectorAll("[data-finds]")) watch(field, document.getElementById(field.dataset.finds));

function watch(field, place) {
  let timer;
  let asking;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      asking?.abort();
      asking = new AbortController();
      const found = await find(field.value.trim(), asking.signal);
      if (found) show(place, found, field.dataset.offers === "sure");
    }, PAUSE);
  });
}

/** What may answer it; null when that cannot be had just now, for which nobody is to be disturbed. */
async function find(question, signal) {
  if (question.length < LEAST) return { articles: [], sure: true };
  try {
    const answer = await fetch(`/api/v1/help?q=${encodeURIComponent(question)}`, { signal });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** Beside a ticket's query only what is sure is worth anybody's attention. */
function show(place, { sure, articles }, onlySure) {
  place.replaceChildren();
  if (onlySure) articles = articles.filter((article) => article.sure).slice(0, OFFERED);
  else if (!sure) place.append(copy("t-unsure"));
  if (onlySure && articles.length) place.append(copy("t-offer"));
  if (!articles.length) return;
  const list = document.createElement("ol");
  list.className = "answers";
  list.append(...articles.map(item));
  place.append(list);
}

function item({ kind, title, summary, url }) {
  const made = copy("t-answer");
  made.querySelector("a").href = url;
  made.querySelector("b").textContent = title;
  made.querySelector("em")?.toggleAttribute("hidden", kind !== "question");
  made.querySelector("span").textContent = summary;
  return made;
}

const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
