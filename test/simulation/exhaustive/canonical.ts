// What tells two small worlds apart, as a short text: worlds of one text have the same future, so
// that one of them is looked at for all. Left out is what no rule reads, or what is said in another
// way:
//   - ids of commits and revisions: all that counts is whether what a pending part read is still there
//   - counters of the room and the fleet, history, rates, what is kept for people to read, and the checks' own copies
//   - times that lie further ahead than a world's time goes (small-world.ts): presence, freshness, answers, tombstones
//   - other times themselves: what counts is how far they lie apart, in moments of 100 ms; no rule has a figure that short.
//     Within one moment it counts whether a dashboard was asked for before or after something was settled at its monitor
//   - which of a monitor's runners it is: what counts is for whom it is reserved. In which order an answer lists them
import { hash } from "node:crypto";
import type { Snapshot, Takes } from "../../../src/queue/fleet/fleet.ts";
import type { Job } from "../../../src/queue/job/job.ts";
import { findKeptRow, keptHead, keptJobs, profileKey, stillHolds } from "./kept-store.ts";
import type { Dashboard, Monitor, Pending, World } from "./small-world.ts";

const momentMs = 100;

/** @returns the same text for worlds that cannot be told apart */
export function canonicalOf(world: World): string {
  return hash("sha1", nameRunners(world, orderTimes(JSON.stringify(essenceOf(world)))), "base64");
}

function essenceOf(world: World): unknown {
  const takenAt = Object.keys(world.monitors).map((name) => findKeptRow(world, name).takes.lastTakeAt);
  const turns = takenAt.map((at) => takenAt.filter((other) => other < at).length);
  const instances = Object.values(world.instances).map(({ pending, toSend, toSettle, late, isAlive, isPaused }) => {
    const known = [isAlive, isPaused, late && dashboardOf(world, late), pendingOf(world, pending)];
    return [known, inOneOrder(toSend), inOneOrder(toSettle)];
  });
  const { paused, silence } = keptHead(world).head;
  const clients = [...world.seen.clients.values()].map(({ answeredAt, overAt }) => [answeredAt, overAt].map(isThere));
  const jobs = keptJobs(world).map(({ stored }) => jobOf(stored.job));
  const monitors = Object.entries(world.monitors).map(([name, monitor]) => monitorOf(world, name, monitor));
  return [world.now, jobs, monitors, turns, instances, paused, silence, clients, world.left];
}

function isThere(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function jobOf(job: Job): unknown {
  const { uniqueId, state, isPresent, asideUntil, attempts, refusals, unchargedRefusals, claim, asked = {} } = job;
  const legs = claim?.legs.map(({ holdUntil: _, ...leg }) => leg);
  const known = [uniqueId, state, isPresent, asideUntil, attempts, refusals, unchargedRefusals, isThere(job.answer)];
  const inHand = job.runnersInHand?.map(({ id }) => id);
  return [known, { ...claim, legs }, Object.keys(asked).sort(), inOneOrder(job.spentRunners), inOneOrder(inHand)];
}

function monitorOf(world: World, name: string, { runners, waiting }: Monitor): unknown {
  const { snapshot, takes } = findKeptRow(world, name);
  const taken = world.seen.mirrors.get(profileKey)?.rows.get(name)?.taken ?? [];
  const shown = runners.map(({ reservedFor, isUsed }) => [reservedFor, isUsed]);
  const counted = taken.filter(([at]) => at >= snapshot.askedAt).map(([at, count]) => [newer(world, name, at), count]);
  return [inOneOrder(shown), waiting, snapshotOf(snapshot), takesOf(world, name, takes), inOneOrder(counted)];
}

/**
 * How many of the dashboards that are under way were asked for after this: those show it, once they
 * arrive.
 */
function newer(world: World, monitor: string, at: number): number {
  const underWay = Object.values(world.instances).flatMap(({ late, pending }) => {
    return pending?.call.kind === "snapshot" ? [late, pending.call.dashboard] : [late];
  });
  return underWay.filter((one) => one?.monitor === monitor && one.askedAt > at).length;
}

function snapshotOf({ idle, target, isFailing }: Snapshot): unknown {
  return [idle, target, isFailing];
}

/** What the last snapshot has shown does not count any more. */
function takesOf(world: World, name: string, { out, settled, emptyAt, refusedJobs, blockedUntil }: Takes): unknown {
  const { askedAt } = findKeptRow(world, name).snapshot;
  const unseen = settled.filter(([at]) => at >= askedAt).map(([at, count]) => [newer(world, name, at), count]);
  const empty = emptyAt >= askedAt && newer(world, name, emptyAt);
  const asked = out.map(([claimId, count]) => [claimId, count]);
  return [inOneOrder(asked), inOneOrder(unseen), empty, refusedJobs, blockedUntil > world.now && blockedUntil];
}

/** Whether it is older than what is known is said by what it will be told. */
function dashboardOf(world: World, { monitor, askedAt, idle }: Dashboard): unknown {
  return [monitor, idle, askedAt < findKeptRow(world, monitor).snapshot.askedAt];
}

/** What an instance is about to write. What will be refused is not looked at further. */
function pendingOf(world: World, pending: Pending | null): unknown {
  if (pending === null) return null;
  const { call, part, isWritten, isFresh } = pending;
  const known = call.kind === "snapshot" ? dashboardOf(world, call.dashboard) : call;
  // decided on what is there now, it is known by that
  if (isWritten || isFresh || !stillHolds(world, pending)) return [known, isWritten, isFresh];
  const jobs = part.jobs.map(({ after }) => after && jobOf(after));
  const fleet = part.fleet.map(({ kind, monitor, value }) => {
    const written = kind === "snapshot" ? snapshotOf(value as Snapshot) : takesOf(world, monitor, value as Takes);
    return [kind, monitor, written];
  });
  return [known, jobs, fleet, part.rank, part.raisesRoom, part.room === null];
}

function inOneOrder(things: readonly unknown[] = []): readonly string[] {
  return things.map((thing) => JSON.stringify(thing)).sort();
}

/** Each time as how far it lies behind the first, in moments. */
function orderTimes(text: string): string {
  const times = [...new Set(text.match(anyTime))].sort();
  const names = new Map<string, string>();
  let [moments, before] = [0, Number(times[0])];
  for (const time of times) {
    const gapMs = Number(time) - before;
    if (gapMs >= momentMs) moments += Math.round(gapMs / momentMs);
    before = Number(time);
    names.set(time, String(moments));
  }
  return text.replaceAll(anyTime, (time) => names.get(time) ?? time);
}

/** Each runner as the job that it is reserved for. */
function nameRunners({ monitors }: World, text: string): string {
  const names = new Map<string, string>();
  for (const { runners } of Object.values(monitors)) {
    for (const { id, reservedFor } of runners) names.set(id, reservedFor ?? "idle");
  }
  return text.replaceAll(anyRunner, (id) => names.get(id) ?? id);
}

/** Milliseconds since 1970 of this world: places have three digits more. */
const anyTime = /(?<!\d)179\d{10}(?!\d)/g;
const anyRunner = /m\d+r\d+\+*/g;
