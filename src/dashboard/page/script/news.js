// @ts-check
// The page's script, first part: shows news as they come without disturbing who reads or tabs
// through the page, and lets times tick. It reaches the browser, with the other parts behind
// it, through page-assets.generated.ts.

export const main = find("main");
/** Where the dashboard is, whatever the page shows now. */
export const root = new URL(document.documentElement.dataset.root || ".", location.href);

/** @param {string} id */
export function find(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}

// Times. The clock that counts is the queue's; ours may be wrong.

let aheadMs = 0;
/** Where the connection is lost: since when. What the page shows is from then, so its clocks stop.
 * @type {Date | null} */
let lostAt = null;

/** @param {Date | null} since null: it is there */
export function setLost(since) {
  lostAt = since;
  tick();
  nameTab();
}

const units = /** @type {const} */ ([
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
]);

/**
 * The same as describeDuration in src/duration.ts.
 * @param {number} ms
 */
function describeDuration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const at = units.findIndex(([, size]) => seconds >= size);
  const [first, second] = units.slice(at < 0 ? units.length - 1 : at);
  if (first === undefined) return "0 s";
  const whole = `${Math.floor(seconds / first[1])} ${first[0]}`;
  return second === undefined ? whole : `${whole} ${Math.floor((seconds % first[1]) / second[1])} ${second[0]}`;
}

/**
 * @param {Date} date
 * @param {Date} now
 */
export function describeClock(date, now) {
  const clock = date.toLocaleTimeString("en-GB");
  if (date.toDateString() === now.toDateString()) return clock;
  return `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${clock.slice(0, 5)}`;
}

/** What `data-show` names.
 * @type {Record<string, (at: number, now: number) => string>} */
const show = {
  since: (at, now) => describeDuration(now - at),
  for: (at, now) => `for ${describeDuration(now - at)}`,
  ago: (at, now) => `${describeDuration(now - at)} ago`,
  in: (at, now) => (at <= now ? "now" : `in ${describeDuration(at - now + 999)}`),
  clock: (at, now) => describeClock(new Date(at), new Date(now)),
};

export function tick() {
  const now = (lostAt?.getTime() ?? Date.now()) + aheadMs;
  for (const time of main.getElementsByTagName("time")) {
    const text = show[time.dataset.show ?? ""]?.(Date.parse(time.dateTime), now);
    if (text !== undefined && time.textContent !== text) time.textContent = text;
    if (time.title === "") time.title = new Date(time.dateTime).toLocaleString();
  }
}

/** @param {Record<string, string>} [headers] */
export async function learnClock(headers = {}) {
  const asked = Date.now();
  try {
    const { at } = await (await fetch(new URL("dashboard.json", root), { cache: "no-store", headers })).json();
    aheadMs = Date.parse(at) - (asked + Date.now()) / 2;
    tick();
  } catch {
    // The stream will say so if there is trouble.
  }
}

// News. What stayed the same stays where it is, with its focus, selection, scroll position and open
// or closed details.

/** @param {string} html */
export function update(html) {
  const focused = document.activeElement?.id;
  becomeLike(main, new DOMParser().parseFromString(html, "text/html").body, true);
  tick();
  nameTab();
  if (focused && document.activeElement?.id !== focused) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

/** A tab in the background tells how many wait, or that it does not know any more. */
function nameTab() {
  const waiting = Number(document.getElementById("summary")?.dataset.waiting ?? 0);
  const state = lostAt !== null ? "Not live: " : waiting > 0 ? `(${waiting}) ` : "";
  const view = document.getElementById("view-name")?.textContent;
  document.title = `${state}${view ? `${view} - ` : ""}runner-queue`;
}

/**
 * @param {Element} old
 * @param {Element} next
 * @param {boolean} isRoot
 */
function becomeLike(old, next, isRoot) {
  if (isSameTime(old, next)) return;
  if (!isRoot) copyAttributes(old, next);
  const staying = new Set([...next.children].map((child) => child.id));
  /** @type {Map<string, ChildNode>} */
  const known = new Map();
  for (const child of [...old.children]) {
    if (!child.id) continue;
    if (staying.has(child.id)) known.set(child.id, child);
    else child.remove();
  }
  let at = old.firstChild;
  for (const child of [...next.childNodes]) {
    const id = idOf(child);
    let twin = id ? known.get(id) : at;
    if (twin && (twin.nodeName !== child.nodeName || (!id && idOf(twin)))) twin = undefined;
    known.delete(id);
    // What has no id of its own gives way, so that rows need not move when one above them goes.
    while (twin && id && at && at !== twin && !idOf(at)) at = removeAndNext(at);
    if (!twin) {
      if (child instanceof HTMLTableRowElement) child.classList.add("new");
      old.insertBefore(child, at);
      continue;
    }
    if (twin === at) at = at.nextSibling;
    else old.insertBefore(twin, at);
    if (twin instanceof Element && child instanceof Element) becomeLike(twin, child, false);
    else if (twin.nodeValue !== child.nodeValue) twin.nodeValue = child.nodeValue;
  }
  while (at) at = removeAndNext(at);
}

/** Its text ticks by itself.
 * @param {Element} old
 * @param {Element} next
 */
function isSameTime(old, next) {
  if (!(old instanceof HTMLTimeElement && next instanceof HTMLTimeElement)) return false;
  return old.dateTime === next.dateTime && old.dataset.show === next.dataset.show;
}

/** @param {ChildNode} node */
function idOf(node) {
  return node instanceof Element ? node.id : "";
}

/** @param {ChildNode} node */
function removeAndNext(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/**
 * @param {Element} old
 * @param {Element} next
 */
function copyAttributes(old, next) {
  /** @param {string} name */
  const isKept = (name) => name === "open" && old.localName === "details";
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !isKept(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value && !isKept(name)) old.setAttribute(name, value);
  }
}
