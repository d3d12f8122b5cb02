// What must hold whatever happens, as code (in words: promises.ts). Random sequences, exhaustive
// worlds, the simulation and the crash tests tell what happened (happening.ts), and get back what
// was broken. A broken promise is a sentence; which promises were really looked at is counted, so
// that a run that checks nothing is seen.
import { isOver, type Ticket } from "../../src/queue/job/job.ts";
import { maxGapMs } from "../../src/queue/line/interruption.ts";
import { checkCommit } from "./commit-invariants.ts";
import type { Happening, Heard } from "./happening.ts";
import { findJob, forgetTaken, mirrorOfKept } from "./mirror.ts";
import { type Broken, type Check, promises } from "./promises.ts";
import { type Client, change, keyOf, mirrorOf, nothingHeard, type Reservation, type Seen } from "./seen.ts";

type Committed = Extract<Happening, { kind: "committed" }>;
type Looked = Extract<Happening, { kind: "looked" }>;

/** Takes in what happened. Returns what it broke. */
export function note(seen: Seen, happening: Happening): readonly Broken[] {
  const broken: Broken[] = [];
  const check: Check = (promise, isKept, what) => {
    seen.looks.set(promise, (seen.looks.get(promise) ?? 0) + 1);
    if (!isKept) broken.push({ promise, sentence: `${promises[promise]}: ${what()}` });
  };
  const { at } = happening;
  switch (happening.kind) {
    case "enqueued":
      noteEnqueued(seen, happening.ticket, happening.askedAt ?? at, at);
      break;
    case "answered":
      noteAnswered(seen, keyOf(happening.ticket), happening.heard, happening.askedAt, at, check);
      break;
    case "held":
      change(seen, keyOf(happening.ticket), { isHeld: true, heardAt: at });
      break;
    case "left":
      change(seen, keyOf(happening.ticket), { isHeld: false, presentUntil: 0 });
      break;
    case "reserved":
      noteReserved(seen, happening.runner, happening.uniqueId, at, check);
      break;
    case "gone":
      noteGone(seen, happening.runner);
      break;
    case "committed":
      noteCommitted(seen, happening, at, check);
      break;
    case "epoch_began":
      mirrorOf(seen, happening.profileKey).lostAt = happening.lostAt;
      break;
    case "store_lost":
      seen.mirrors.clear();
      for (const key of seen.clients.keys()) change(seen, key, { ...nothingHeard, isEnded: false });
      break;
    case "store_kept":
      seen.mirrors.set(happening.profileKey, mirrorOfKept(happening.loaded));
      break;
    case "clock_set":
      for (const mirror of seen.mirrors.values()) forgetTaken(mirror);
      break;
    case "deaf":
      seen.hearingSince = Number.POSITIVE_INFINITY;
      break;
    case "hearing":
      seen.hearingSince = at;
      break;
    case "trouble":
      seen.calmSince = null;
      seen.waiting.clear();
      break;
    case "calm":
      seen.calmSince = at;
      break;
    case "looked":
      noteLooked(seen, happening, at, check);
      break;
  }
  return broken;
}

/** The run is over, and has been calm for long enough: nothing may be left undone. */
export function noteEnd(seen: Seen, at: number): readonly Broken[] {
  const broken: Broken[] = [];
  for (const key of seen.open) {
    const client = seen.clients.get(key);
    if (client === undefined) continue;
    seen.looks.set("ends", (seen.looks.get("ends") ?? 0) + 1);
    const silentMs = at - Math.max(client.heardAt, seen.hearingSince);
    if (client.isHeld || silentMs <= seen.limits.endedWithinMs) continue;
    const { profileKey, uniqueId, place } = client.ticket;
    const job = findJob(mirrorOf(seen, profileKey), uniqueId);
    // a store that lost it owes it nothing until its ticket comes back; one of another place is another's
    if (job === null || job === undefined || isOver(job.state) || job.place !== place) continue;
    const { state } = job;
    const sentence = `${promises.ends}: ${key} is ${state}, and nobody asked for it for ${silentMs} ms`;
    broken.push({ promise: "ends", sentence });
  }
  return broken;
}

function noteEnqueued(seen: Seen, ticket: Ticket, askedAt: number, at: number): void {
  const key = keyOf(ticket);
  const known = seen.clients.get(key);
  const before = seen.clients.get(seen.newest.get(ticket.uniqueId) ?? "");
  const bornAt = before === undefined || before.isEnded ? at : before.bornAt;
  const presentUntil = askedAt + 1000 + graceMs(seen);
  const begun = { bornAt, isEnded: false, isHeld: false, ...nothingHeard };
  seen.clients.set(key, { ...begun, ...known, ticket, heardAt: askedAt, presentUntil });
  change(seen, key, {});
  seen.newest.set(ticket.uniqueId, key);
  for (const [other, { heardAt, isEnded }] of seen.clients) {
    if (!isEnded || heardAt + forgottenAfterMs > at) break;
    seen.clients.delete(other);
  }
}

/** A store that says nothing for longer is away: so old may the look be after which a hold ends. */
const longestStoreAnswerMs = 2_000;

/** No ticket is as old. */
const forgottenAfterMs = 7_200_000;

/** `askedAt` orders two answers: what was asked before an answer was given may be older news. */
function noteAnswered(seen: Seen, key: string, heard: Heard, askedAt: number, at: number, check: Check): void {
  const client = seen.clients.get(key);
  if (client === undefined || heard.kind === "away") {
    change(seen, key, { isHeld: false });
    return;
  }
  const { answeredAt, bytes, overAt } = client;
  const wasAnswered = answeredAt !== null && askedAt > answeredAt;
  const wasOver = overAt !== null && askedAt > overAt;
  // who polls is heard when they ask, and who is held until the last look at the store before they are answered
  const heardAt = Math.max(client.heardAt, client.isHeld ? at - longestStoreAnswerMs : askedAt);
  const changed = { isHeld: false, heardAt };
  switch (heard.kind) {
    case "wait": {
      check("one_answer", !wasAnswered && !wasOver, () => `${key} waits after its ${wasOver ? "404" : "200"}`);
      const presentUntil = askedAt + (heard.retryAfterMs ?? Number.NEGATIVE_INFINITY) + graceMs(seen);
      change(seen, key, { ...changed, presentUntil: Math.max(client.presentUntil, presentUntil) });
      return;
    }
    case "answer":
      check("one_answer", !wasOver, () => `${key} hears a 200 after its 404`);
      check("one_answer", bytes === null || bytes === heard.bytes, () => `${key} hears ${heard.bytes}, once ${bytes}`);
      for (const runner of heard.runners) checkRunner(seen, key, client.ticket.uniqueId, runner, at, check);
      change(seen, key, { ...changed, answeredAt: answeredAt ?? at, bytes: bytes ?? heard.bytes, isEnded: true });
      return;
    case "over":
      change(seen, key, { ...changed, overAt: overAt ?? at, isEnded: true });
      return;
  }
}

function graceMs({ limits }: Seen): number {
  return limits.settings.presenceGraceMs;
}

function checkRunner(seen: Seen, key: string, uniqueId: string, runner: string, at: number, check: Check): void {
  const known = seen.reservations.get(runner);
  const isTheirs = known !== undefined && known.uniqueId.toLowerCase() === uniqueId.toLowerCase();
  check("live_runners", isTheirs, () => `${key} is given ${runner}, which is not reserved for it`);
  const ageMs = known === undefined ? 0 : at - known.at;
  check("live_runners", ageMs < seen.limits.keptForMs, () => `${key} is given ${runner}, ${ageMs} ms old`);
}

/**
 * Reservations of an earlier job of the same id are not this one's: it began after those were
 * settled.
 */
function noteReserved(seen: Seen, runner: string, uniqueId: string, at: number, check: Check): void {
  for (const [name, one] of seen.reservations) {
    if (!one.isLive && at - one.at > 2 * seen.limits.keptForMs) seen.reservations.delete(name);
  }
  seen.reservations.set(runner, { uniqueId, at, isLive: true });
  const client = seen.clients.get(seen.newest.get(uniqueId) ?? "");
  if (client === undefined) return;
  const isTheirs = (one: Reservation) => one.uniqueId === uniqueId && one.isLive && one.at >= client.bornAt;
  const names = [...seen.reservations].filter(([, one]) => isTheirs(one)).map(([name]) => name);
  const { runnerCount } = client.ticket;
  check(
    "reservations",
    names.length <= runnerCount,
    () => `${uniqueId} asked for ${runnerCount}, has ${names.join(" ")}`,
  );
}

/** What is gone may still be in an answer that is given once more. */
function noteGone(seen: Seen, runner: string): void {
  const known = seen.reservations.get(runner);
  if (known !== undefined) seen.reservations.set(runner, { ...known, isLive: false });
}

function noteCommitted(seen: Seen, committed: Committed, at: number, check: Check): void {
  const isPresent = (ticket: Pick<Ticket, "uniqueId" | "place">): boolean => {
    const client = seen.clients.get(keyOf(ticket));
    return client !== undefined && isThere(seen, client, at);
  };
  const mirror = mirrorOf(seen, committed.profileKey);
  for (const { before, after } of checkCommit(mirror, committed, seen.limits.settings, isPresent, check)) {
    if (after === null || !isOver(after.state)) continue;
    if (after.state === "abandoned" && before?.state === "queued") checkAbandoned(seen, keyOf(after), at, check);
    change(seen, keyOf(after), { isEnded: true });
  }
}

/**
 * A request is held for as long as its client asked for. Where its instance stands still for longer, nobody hears it
 * any more: the store knows until when it was to be held.
 */
function isThere(seen: Seen, { isHeld, heardAt, presentUntil }: Client, at: number): boolean {
  return presentUntil > at || (isHeld && at - heardAt <= longestHoldMs + graceMs(seen));
}

/** What workflow steps ask for. */
const longestHoldMs = 25_000;

/** A break that is too short to be noticed is borne by the deadlines, which leave room for it. */
function checkAbandoned(seen: Seen, key: string, at: number, check: Check): void {
  const client = seen.clients.get(key);
  if (client === undefined) return;
  const { settings } = seen.limits;
  const unheardMs = at - client.heardAt;
  const hearingMs = at - seen.hearingSince;
  const heldMs = client.isHeld ? longestHoldMs : 0;
  const { abandonAfterMs } = settings;
  const isDue = unheardMs >= heldMs + abandonAfterMs && hearingMs >= abandonAfterMs - maxGapMs(settings);
  check("heard", isDue, () => `${key} is abandoned ${unheardMs} ms after it was heard`);
}

/**
 * The first in line is the present job with the smallest place that the fleet could serve at all.
 */
function noteLooked(seen: Seen, looked: Looked, at: number, check: Check): void {
  const { profileKey, idle, target } = looked;
  let first: Client | undefined;
  for (const key of seen.open) {
    const client = seen.clients.get(key);
    if (client === undefined) continue;
    const { ticket } = client;
    const isWaiting = ticket.profileKey === profileKey && isThere(seen, client, at);
    if (!isWaiting || needOf(seen, ticket) > target) continue;
    if (first === undefined || ticket.place < first.ticket.place) first = client;
  }
  if (first === undefined || seen.calmSince === null || needOf(seen, first.ticket) > idle) {
    seen.waiting.delete(profileKey);
    return;
  }
  const key = keyOf(first.ticket);
  const known = seen.waiting.get(profileKey);
  const since = known?.key === key ? known.since : at;
  seen.waiting.set(profileKey, { key, since });
  const waitedMs = at - since;
  check(
    "served",
    waitedMs <= seen.limits.servedWithinMs,
    () => `${key} waits, and ${idle} were idle for ${waitedMs} ms`,
  );
}

function needOf(seen: Seen, { profileKey, uniqueId, runnerCount }: Ticket): number {
  const inHand = findJob(mirrorOf(seen, profileKey), uniqueId)?.runnersInHand?.length ?? 0;
  return runnerCount - inHand;
}
