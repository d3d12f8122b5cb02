// The page's own script, as the browser gets it. It shows news as they come without disturbing who reads or tabs through the page, lets times
// tick, and says when the connection is lost. Its hash stands in the page's content security policy.

export const script = `
const main = document.getElementById("main");
const banner = document.getElementById("banner");
const live = document.getElementById("live");

// Times. The clock that counts is the queue's; ours may be wrong.

let aheadMs = 0;
const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function describeDuration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const at = units.findIndex(([, size]) => seconds >= size);
  const [first, second] = units.slice(at < 0 ? 3 : at);
  const whole = Math.floor(seconds / first[1]) + " " + first[0];
  return second === undefined ? whole : whole + " " + Math.floor((seconds % first[1]) / second[1]) + " " + second[0];
}

function describeClock(date, now) {
  const clock = date.toLocaleTimeString("en-GB");
  if (date.toDateString() === now.toDateString()) return clock;
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" }) + ", " + clock.slice(0, 5);
}

const show = {
  since: (at, now) => describeDuration(now - at),
  for: (at, now) => "for " + describeDuration(now - at),
  ago: (at, now) => describeDuration(now - at) + " ago",
  in: (at, now) => (at <= now ? "now" : "in " + describeDuration(at - now + 999)),
  clock: (at, now) => describeClock(new Date(at), new Date(now)),
};

function tick() {
  const now = Date.now() + aheadMs;
  for (const time of main.querySelectorAll("time[data-show]")) {
    const text = show[time.dataset.show](Date.parse(time.dateTime), now);
    if (time.textContent !== text) time.textContent = text;
    if (time.title === "") time.title = new Date(time.dateTime).toLocaleString();
  }
}

async function learnClock() {
  const asked = Date.now();
  try {
    const { at } = await (await fetch("dashboard.json", { cache: "no-store" })).json();
    aheadMs = Date.parse(at) - (asked + Date.now()) / 2;
    tick();
  } catch {
    // The stream will say so if there is trouble.
  }
}

// News. What stayed the same stays where it is, with its focus, selection, scroll position and open or closed details.

function update(html) {
  const focused = document.activeElement?.id;
  const next = new DOMParser().parseFromString(html, "text/html").body;
  becomeLike(main, next, true);
  tick();
  const waiting = Number(document.getElementById("summary")?.dataset.waiting ?? 0);
  document.title = (waiting > 0 ? "(" + waiting + ") " : "") + "runner-queue";
  if (focused && document.activeElement?.id !== focused) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

function becomeLike(old, next, isRoot) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  // Its text ticks by itself.
  if (old.localName === "time" && old.dateTime === next.dateTime && old.dataset.show === next.dataset.show) return;
  if (!isRoot) copyAttributes(old, next);
  const staying = new Set([...next.children].map((child) => child.id));
  const known = new Map();
  for (const child of [...old.childNodes]) {
    if (!child.id) continue;
    if (staying.has(child.id)) known.set(child.id, child);
    else child.remove();
  }
  let at = old.firstChild;
  for (const child of [...next.childNodes]) {
    let twin = child.id ? known.get(child.id) : at;
    if (twin && (twin.nodeName !== child.nodeName || (!child.id && twin.id))) twin = undefined;
    known.delete(child.id);
    // What has no id of its own gives way, so that rows need not move when one above them goes.
    while (twin && child.id && at && at !== twin && !at.id) at = removeAndNext(at);
    if (!twin) {
      if (child.localName === "tr") child.classList.add("new");
      old.insertBefore(child, at);
      continue;
    }
    if (twin === at) at = at.nextSibling;
    else old.insertBefore(twin, at);
    becomeLike(twin, child, false);
  }
  while (at) at = removeAndNext(at);
}

function removeAndNext(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function copyAttributes(old, next) {
  const isKept = (name) => name === "open" && old.localName === "details";
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !isKept(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value && !isKept(name)) old.setAttribute(name, value);
  }
}

// The connection. An EventSource gives up for good after some failures, so every failure is met in the same way: by a new one, later.

let source;
let retry;
let failures = 0;
let troubleSince = null;
let heardAt = Date.now();

function connect() {
  clearTimeout(retry);
  source?.close();
  heardAt = Date.now();
  let isFirst = true;
  source = new EventSource("events?as=html");
  source.addEventListener("dashboard", ({ data }) => {
    heardAt = Date.now();
    failures = 0;
    troubleSince = null;
    say("", "Live");
    update(data);
    if (isFirst) learnClock();
    isFirst = false;
  });
  source.addEventListener("trouble", () => {
    heardAt = Date.now();
    complain("The queue's store does not answer");
  });
  source.addEventListener("error", () => {
    source.close();
    clearTimeout(retry);
    retry = setTimeout(connect, Math.min(10000, 250 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2));
    troubleSince ??= new Date();
    // Proxies end long streams now and then: not worth a word if the next one opens.
    if (failures > 0) complain("Connection lost");
    failures += 1;
  });
}

function complain(what) {
  troubleSince ??= new Date();
  say(what + " since " + describeClock(troubleSince, new Date()) + ", trying again", "Not live");
}

function say(trouble, state) {
  if (banner.textContent !== trouble) banner.textContent = trouble;
  if (live.textContent !== state) live.textContent = state;
  live.className = state === "Live" ? "good" : "bad";
}

function look() {
  tick();
  // The charts move every minute: so long a silence is a connection that died without a word.
  if (source.readyState === EventSource.OPEN && Date.now() - heardAt > 150000) connect();
}

connect();
setInterval(look, 1000);
addEventListener("online", connect);
`;
