// @ts-check
// The page's script, second part: hears news, says when the connection is lost, and goes from view
// to view without loading a page anew, so that an operator's token, which only this tab's memory
// holds, is not forgotten on the way.
import { describeClock, find, learnClock, main, root, setLost, tick, update } from "./news.js";

const banner = find("banner");
const live = find("live");

/** What every request sends: an operator's token, once it was given.
 * @type {Record<string, string>} */
let headers = {};
/** The stream that counts; an older one says nothing any more.
 * @type {AbortController | undefined} */
let stream;
let isOpen = false;
/** @type {number | undefined} */
let retry;
let failures = 0;
/** Of the first failure since all was well; not yet worth a word.
 * @type {Date | null} */
let troubleSince = null;
let heardAt = Date.now();

/** @param {string | null} token */
export function presentToken(token) {
  headers = token === null ? {} : { authorization: `Bearer ${token}` };
  connect();
}

/**
 * @param {string} path below the dashboard
 * @param {"GET" | "POST"} method
 * @param {Record<string, string>} [as] instead of what every request sends
 */
export function ask(path, method, as = headers) {
  return fetch(new URL(path, root), { method, headers: as, cache: "no-store" });
}

/** Shows what the address bar says. */
export function connect() {
  clearTimeout(retry);
  stream?.abort();
  const mine = new AbortController();
  stream = mine;
  heardAt = Date.now();
  let isFirst = true;
  const view = location.pathname.slice(root.pathname.length) + location.search;
  const url = new URL(`events?as=html${view === "" ? "" : `&view=${encodeURIComponent(view)}`}`, root);
  follow(url, mine.signal, (event, data) => {
    heardAt = Date.now();
    if (event === "trouble") return complain("The queue's store does not answer");
    if (event !== "dashboard") return;
    failures = 0;
    troubleSince = null;
    setLost(null);
    say("", "Live");
    update(data);
    if (isFirst) void learnClock(headers);
    isFirst = false;
  }).catch(() => {
    if (mine !== stream) return;
    isOpen = false;
    retry = setTimeout(connect, Math.min(10_000, 250 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2));
    troubleSince ??= new Date();
    // Proxies end long streams now and then: not worth a word if the next one opens.
    if (failures > 0) complain("Connection lost");
    failures += 1;
  });
}

/**
 * Server-sent events by fetch, which can send a token where an EventSource cannot. Always rejects
 * in the end.
 * @param {URL} url
 * @param {AbortSignal} signal
 * @param {(event: string, data: string) => void} hear
 */
async function follow(url, signal, hear) {
  const reply = await fetch(url, { signal, cache: "no-store", headers: { accept: "text/event-stream", ...headers } });
  if (reply.status !== 200 || reply.body === null) throw new Error(`status ${reply.status}`);
  isOpen = true;
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) throw new Error("over");
    text += value;
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const one of events) {
      const lines = one.split("\n");
      const valuesOf = (/** @type {string} */ name) =>
        lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      hear(valuesOf("event").join(""), valuesOf("data").join("\n"));
    }
  }
}

/** @param {string} what */
function complain(what) {
  troubleSince ??= new Date();
  setLost(troubleSince);
  say(`${what} since ${describeClock(troubleSince, new Date())}, trying again`, "Not live");
}

/**
 * @param {string} trouble
 * @param {"Live" | "Not live"} state
 */
function say(trouble, state) {
  if (banner.textContent !== trouble) banner.textContent = trouble;
  if (live.textContent !== state) live.textContent = state;
  live.className = state === "Live" ? "good" : "bad";
  // What is shown is no longer so: it steps back behind the banner that says since when.
  main.classList.toggle("old", state !== "Live");
}

// Views. A link within the page changes what is shown; with a modifier key, and without this
// script, it is a link as any.

/** @param {URL} url */
function goTo(url) {
  history.pushState(null, "", url);
  connect();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-view]") : null;
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!(link instanceof HTMLAnchorElement) || !isPlain) return;
  event.preventDefault();
  // the header stays while views change, so its links go from the dashboard
  if (link.id === "home") goTo(root);
  else goTo(link.id === "over-time" ? new URL("stats", root) : new URL(link.href));
});
find("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const sought = find("sought");
  if (sought instanceof HTMLInputElement) goTo(new URL(`search?q=${encodeURIComponent(sought.value)}`, root));
});
addEventListener("popstate", connect);

function look() {
  tick();
  // The charts move every minute: so long a silence is a connection that died without a word.
  if (isOpen && Date.now() - heardAt > 150_000) connect();
}

connect();
setInterval(look, 1000);
addEventListener("online", connect);
