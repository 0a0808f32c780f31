// Opening without a network: the files of pages, the person's list and the conversations they saw last. Pages come from
// the desk wherever it can be had; a kept one is what is shown when it cannot, and says of when it is.

import { forgetPage, forgetPages } from "../store.js";

const FILES = "files";
const PAGES = "pages-"; // and the person's id: whoever else signs in finds none of them
const MOST_PAGES = 40;
const KEPT_FOR = 7 * 24 * 3_600_000;
const PATIENCE = 4_000;
const OFFLINE = "/offline";

const names = Object.values(BUILT).map((name) => `/static/${name}`);
/** Counts up when everything is forgotten: what was asked for before must not be kept after. */
let age = 0;

// A new worker takes over at once: pages name their files by content, so it cannot mix up two versions.
addEventListener("install", (event) => event.waitUntil(Promise.all([skipWaiting(), haveAtHand()])));
addEventListener("activate", (event) => event.waitUntil(Promise.all([clients.claim(), dropOldFiles()])));

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (url.pathname === "/logout" && request.mode === "navigate") event.respondWith(fetch(request).catch(offline));
  else if (request.method !== "GET") return;
  else if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (isKept(url) && isPage(request)) event.respondWith(page(event, url));
  else if (request.mode === "navigate") event.respondWith(other(request, url));
});

const isPage = ({ mode, headers }) => mode === "navigate" || headers.get("Accept") === "text/html";

/** The lists, a ticket, the form for a new one; not what a script-less page asks by further parameters. */
function isKept({ pathname, search }) {
  return (pathname === "/tickets" && !/[?&](cursor|q)=./.test(search)) || (/^\/tickets\/(\d+|new)$/.test(pathname) && !search);
}

async function haveAtHand() {
  const cache = await caches.open(FILES);
  const have = async (name) => (name !== OFFLINE && (await cache.match(name))) || cache.add(name);
  await Promise.all([...names, OFFLINE].map((name) => have(name).catch(() => {}))); // what is missing is fetched on use
}

async function file(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetchFile(request);
}

async function fetchFile(request) {
  const answer = await fetch(request);
  if (answer.ok) (await caches.open(FILES)).put(request, answer.clone());
  return answer;
}

/** Files that neither this version nor a kept page needs. What a page's script imports later is known by no page, so
 *  while one of an older version is kept, all are. */
async function dropOldFiles() {
  const known = new Set(names);
  for (const kept of await pages()) {
    const scripts = (await kept.text()).match(/\/static\/[\w.-]+\.js/g) ?? [];
    if (scripts.some((script) => !known.has(script))) return;
  }
  const cache = await caches.open(FILES);
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (!known.has(pathname) && pathname !== OFFLINE) await cache.delete(url);
  }
}

async function pages() {
  const found = [];
  for (const name of await caches.keys()) {
    if (!name.startsWith(PAGES)) continue;
    const cache = await caches.open(name);
    for (const request of await cache.keys()) found.push(await cache.match(request, { ignoreVary: true }));
  }
  return found;
}

/** From the desk; kept ones step in where it does not answer, or takes too long to. */
async function page(event, url) {
  const answer = fetchPage(event, url);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const first = await Promise.race([answer, late]).catch(() => undefined);
  if (first && first.status < 502) return first;
  const isNavigation = event.request.mode === "navigate"; // a script that asks anew wants the new or nothing
  const kept = isNavigation && (await keptPage(url));
  if (!kept) return first ?? answer.catch(() => (isNavigation ? offline() : Response.error()));
  event.waitUntil(answer.catch(() => {}));
  return kept;
}

async function fetchPage(event, url) {
  const asked = age;
  const answer = await fetch(event.request);
  event.waitUntil(keep(url, answer.clone(), asked));
  return answer;
}

async function keep(url, answer, asked) {
  if (answer.status === 403 || answer.status === 404) return forgetPage(url.href);
  const isHtml = answer.headers.get("Content-Type")?.startsWith("text/html");
  if (!isHtml || !answer.ok || answer.redirected) return;
  const text = await answer.text();
  const person = /^<html[^>]* data-me="(\d+)"/m.exec(text)?.[1];
  const name = PAGES + person;
  for (const other of await caches.keys()) if (other.startsWith(PAGES) && other !== name) await caches.delete(other);
  if (!person || asked !== age) return;
  const headers = new Headers(answer.headers);
  for (const gone of ["Content-Encoding", "Content-Length", "Set-Cookie"]) headers.delete(gone);
  const at = new Date().toISOString();
  headers.set("Kept-At", at);
  const cache = await caches.open(name);
  await cache.delete(url.href);
  await cache.put(url.href, new Response(text.replace("<html", `<html data-kept="${at}"`), { headers }));
  const known = await cache.keys();
  for (const oldest of known.slice(0, Math.max(0, known.length - MOST_PAGES))) await cache.delete(oldest);
  if (asked !== age) await caches.delete(name); // signed out in this very moment
  else if (text.includes('href="/tickets/new"')) await keepForm(new URL("/tickets/new", url), asked);
}

/** What the list's first button leads to is kept with the list: one may never have pressed it while there was a network. */
async function keepForm(url, asked) {
  if (!(await keptPage(url))) await keep(url, await fetch(url), asked);
}

async function keptPage(url) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PAGES)) continue;
    const cache = await caches.open(name);
    const found = await cache.match(url.href, { ignoreVary: true });
    if (found && Date.now() - new Date(found.headers.get("Kept-At")) < KEPT_FOR) return found;
  }
  return undefined;
}

/** Pages that are not kept. Those in front of the sign-in show that nobody is signed in here any more: signing out leads
 *  there, once the desk has done it. */
async function other(request, { pathname }) {
  try {
    const answer = await fetch(request);
    if (pathname === "/login" || pathname === "/register") await forget();
    return answer;
  } catch {
    // The way in leads to the list, as it does when the desk answers.
    return pathname === "/" && (await keptPage(new URL("/tickets", location.origin))) ? Response.redirect("/tickets") : offline();
  }
}

function forget() {
  age++;
  return forgetPages();
}

async function offline() {
  return (await caches.match(OFFLINE, { ignoreVary: true })) ?? Response.error();
}
