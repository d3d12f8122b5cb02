// Which events may come next in a small world (small-world.ts), and how a world begins.
import { availableRunners, withSnapshot } from "../../../src/queue/fleet/fleet.ts";
import { decideByEvidence, type Evidence, planEvidence } from "../../../src/queue/job/evidence.ts";
import { hasOpenLeg, type Job } from "../../../src/queue/job/job.ts";
import type { Settlement } from "../../../src/queue/job/settlement.ts";
import { cancelOperation } from "../../../src/queue/operations/cancel.ts";
import { enqueueOperation } from "../../../src/queue/operations/enqueue.ts";
import { createSeen } from "../seen.ts";
import { findKeptJob, findKeptRow, keptJobs, openStore, ownedJobs, profileKey, stillHolds } from "./kept-store.ts";
import {
  type Call,
  type Dashboard,
  heldRunner,
  type Instance,
  instanceOf,
  type Leg,
  type Monitor,
  maxTimeMs,
  monitorOf,
  newRunner,
  type World,
  type WorldEvent,
  type WorldPlan,
  worldSettings,
} from "./small-world.ts";
import { callAtOnce, change, run } from "./step.ts";

export const worldStart = 1_790_000_000_000;
const ready: Instance = { isAlive: true, isPaused: false, pending: null, toSend: [], toSettle: [], late: null };

/** A world whose fleet is known, and whose jobs have just been enqueued, in order. */
export function beginWorld(plan: WorldPlan): World {
  if (plan.tickMs * plan.budget.ticks >= maxTimeMs) throw new Error("a world's time is shorter than that");
  const limits = { settings: worldSettings, keptForMs: 60_000, servedWithinMs: 60_000, endedWithinMs: 60_000 };
  const monitors = Object.entries(plan.monitors).map(([name, count]): [string, Monitor] => {
    const runners = Array.from({ length: count }, (_, n) => newRunner(`${name}r${n}`));
    return [name, { runners, waiting: [] }];
  });
  let world: World = {
    plan,
    now: worldStart,
    kept: new Map(),
    remembered: new Set(),
    commits: 0,
    monitors: Object.fromEntries(monitors),
    instances: Object.fromEntries(plan.instances.map((name) => [name, ready])),
    tickets: {},
    left: plan.budget,
    seen: createSeen(limits),
    broken: [],
  };
  world = change(world, (tell) => {
    const opened = openStore(world, tell);
    void opened.store.beginEpoch(profileKey, "");
    return { kept: opened.kept };
  });
  for (const monitor of Object.keys(plan.monitors)) {
    const call: Call = { kind: "snapshot", dashboard: renderDashboard(world, monitor) };
    world = callAtOnce(world, plan.instances[0] ?? "", call);
  }
  const [first = ""] = Object.keys(plan.jobs);
  const repoOf = (uniqueId: string) => (plan.policy === undefined ? "o/r" : `o/${uniqueId}`);
  const enqueue = (uniqueId: string, runnerCount: number, qualifiedRepo: string) => {
    world = { ...world, now: world.now + 1 };
    const request = { uniqueId, profileKey, runnerCount, qualifiedRepo, runId: "1" };
    const command = { request, bookedAt: world.now, isFleetKnown: true };
    world = run(world, plan.instances[0] ?? "", enqueueOperation(command));
    return request;
  };
  if (plan.policy !== undefined) enqueue(predecessor, 1, repoOf(first));
  for (const [uniqueId, runnerCount] of Object.entries(plan.jobs)) {
    const request = enqueue(uniqueId, runnerCount, repoOf(uniqueId));
    const { place = 0, share } = findKeptJob(world, uniqueId)?.stored.job ?? {};
    const ticket = { ...request, place, ...(share !== undefined && { share }) };
    world = change(world, (tell) => {
      tell({ kind: "enqueued", at: world.now, ticket });
      return { tickets: { ...world.tickets, [uniqueId]: ticket } };
    });
  }
  if (plan.policy === undefined) return world;
  const left = cancelOperation(profileKey, predecessor, { by: "somebody", note: "" });
  return run(world, plan.instances[0] ?? "", left);
}

/** It was in the first one's flow before it. */
const predecessor = "z";

/**
 * The events that may come next. Left out are those that only say in another order what others say
 * as well:
 *   - between loading and writing only what somebody else writes makes a difference. So a call is done in one go, or it is
 *     begun and somebody else writes first; what does not touch the store comes before or after
 *   - what was decided on something that is not so any more is refused, whenever it comes: so it comes at once
 *   - whoever dies before it wrote never loaded
 *   - who dies with nothing under way is as one who is not asked any more
 *   - dashboards and sweeps are the same whoever does them: the last of the living does, who never dies, and whose takes
 *     leave at once: those of the others leave late
 */
export function eventsOf(world: World): readonly WorldEvent[] {
  const { left } = world;
  const living = Object.entries(world.instances).filter(([, one]) => one.isAlive && !one.isPaused);
  const refused = living.find(
    ([, { pending }]) => pending !== null && !pending.isWritten && !stillHolds(world, pending),
  );
  if (refused !== undefined) return [{ kind: "commit", instance: refused[0] }];
  const [last, { toSend }] = living.at(-1) ?? ["", { toSend: [] }];
  if (toSend[0] !== undefined) return [{ kind: "send", instance: last, leg: toSend[0] }];
  const events: WorldEvent[] = [];
  const isOneFresh = living.some(([, { pending }]) => pending?.isFresh === true && !pending.isWritten);
  for (const [name, instance] of living) {
    const { pending } = instance;
    if (pending === null) {
      for (const call of callsOf(world, instance, name === last)) {
        events.push({ kind: "do", instance: name, call });
        if (left.lostReplies > 0) events.push({ kind: "do_unheard", instance: name, call });
        if (left.races > 0 && !isOneFresh && living.length > 1) events.push({ kind: "begin", instance: name, call });
      }
    } else if (!pending.isFresh || pending.isWritten) {
      events.push({ kind: "commit", instance: name });
      const isWorthIt = pending.part.isRemembered && !pending.isWritten;
      if (left.lostReplies > 0 && isWorthIt) events.push({ kind: "commit_unheard", instance: name });
    }
  }
  if (isOneFresh) return events;
  for (const [name, { isPaused }] of Object.entries(world.instances)) {
    if (isPaused) events.push({ kind: "wake", instance: name });
  }
  for (const [name, instance] of living) events.push(...quietEventsOf(world, name, instance, living.length));
  for (const [monitor, { waiting }] of Object.entries(world.monitors)) {
    const [first] = waiting;
    if (first === undefined) continue;
    events.push({ kind: "work", monitor });
    if (left.lostReplies > 0 && instanceOf(world, first.from).isAlive) events.push({ kind: "work_unheard", monitor });
  }
  const isDeciding = living.some(([, { pending }]) => pending !== null && !pending.isWritten);
  if (left.ticks > 0 && !isDeciding && mayTick(world) && isTimeAwaited(world)) events.push({ kind: "tick" });
  return events;
}

/** Something would be left undone if it died. */
function hasWork(world: World, name: string): boolean {
  const { pending, toSend, toSettle } = instanceOf(world, name);
  return pending !== null || toSend.length > 0 || toSettle.length > 0 || ownedJobs(world, name).length > 0;
}

/**
 * A claim is open: its legs may become too late to send, its owner's lease may lapse, evidence may
 * come to count.
 */
function isTimeAwaited(world: World): boolean {
  return keptJobs(world).some(({ stored }) => hasOpenLeg(stored.job));
}

/** What an instance may do, or what may happen to it, that leaves the store alone. */
function quietEventsOf(world: World, name: string, instance: Instance, living: number): readonly WorldEvent[] {
  const { left, monitors, plan } = world;
  const events: WorldEvent[] = instance.toSend.map((leg) => ({ kind: "send", instance: name, leg }));
  for (const job of ownedJobs(world, name)) {
    const settlement = settlementByEvidence(world, name, job);
    if (settlement === null) continue;
    events.push({ kind: "look_for_evidence", instance: name, uniqueId: job.uniqueId, settlement });
  }
  const isFirst = name === plan.instances[0];
  const isUndecided = instance.pending !== null && !instance.pending.isWritten;
  const mayStop = living > 1 && isFirst && !isUndecided && hasWork(world, name);
  if (mayStop && left.crashes > 0) events.push({ kind: "crash", instance: name });
  if (mayStop && left.pauses > 0) events.push({ kind: "pause", instance: name });
  if (left.lateSnapshots > 0 && instance.late === null && !isFirst) {
    for (const monitor of plan.late ?? Object.keys(monitors)) {
      events.push({ kind: "ask_late", instance: name, dashboard: renderDashboard(world, monitor) });
    }
  }
  return events;
}

/** A monitor has worked on whatever was sent to it within MONITOR_SETTLE. */
export function mayTick({ monitors, now, plan }: World): boolean {
  const waiting = Object.values(monitors).flatMap((monitor) => monitor.waiting);
  return waiting.every(({ sentAt }) => sentAt + worldSettings.monitorSettleMs > now + plan.tickMs);
}

/**
 * What an instance may call. A dashboard that changes nobody's chances is left out, and so is a
 * sweep when nothing is due.
 */
function callsOf(world: World, instance: Instance, isLast: boolean): readonly Call[] {
  const calls: Call[] = instance.toSettle.map((one) => ({ kind: "settle", ...one }));
  for (const uniqueId of Object.keys(world.tickets)) {
    if (isLast || (world.plan.roaming ?? [uniqueId]).includes(uniqueId)) calls.push({ kind: "poll", uniqueId });
  }
  if (instance.late !== null) calls.push({ kind: "snapshot", dashboard: instance.late });
  if (!isLast) return calls;
  if (keptJobs(world).some(({ dueAt }) => dueAt !== null && dueAt <= world.now)) calls.push({ kind: "sweep" });
  for (const monitor of Object.keys(world.monitors)) {
    const dashboard = renderDashboard(world, monitor);
    const isNews = availableBy(world, monitor, null) !== availableBy(world, monitor, dashboard);
    if (isNews) calls.push({ kind: "snapshot", dashboard });
  }
  return calls;
}

/** Runners that may be claimed at a monitor, as it is known or as it would be by this dashboard. */
function availableBy(world: World, monitor: string, dashboard: Dashboard | null): number {
  const { snapshot, takes } = findKeptRow(world, monitor);
  const row = { ...snapshot, ...takes };
  const now = Math.max(world.now, dashboard?.askedAt ?? 0);
  const counts = dashboard && { idle: dashboard.idle, target: row.target, healthy: row.healthy };
  const next = counts === null ? row : withSnapshot(row, now, counts, now);
  return availableRunners(next, now, worldSettings.snapshotFreshMs);
}

/** What a monitor shows when it is asked now, which is after whatever was written so far. */
function renderDashboard(world: World, monitor: string): Dashboard {
  const { takes } = findKeptRow(world, monitor);
  const isSameMoment = takes.settled.some(([at]) => at >= world.now) || takes.emptyAt >= world.now;
  const idleNow = monitorOf(world, monitor).runners.filter(({ reservedFor }) => reservedFor === null).length;
  return { monitor, askedAt: isSameMoment ? world.now + 1 : world.now, idle: idleNow };
}

/**
 * What the monitors show of a job whose legs are open and nobody works on any more; null: not
 * enough yet.
 */
function settlementByEvidence(world: World, name: string, job: Job): Settlement | null {
  const { toSend, toSettle } = instanceOf(world, name);
  const waiting = Object.values(world.monitors).flatMap((monitor) => monitor.waiting);
  const isTheirs = (leg: Leg) => leg.from === name && leg.claim.id === job.claim?.id;
  if ([...toSend, ...waiting].some(isTheirs) || toSettle.some(({ uniqueId }) => uniqueId === job.uniqueId)) return null;
  const needs = planEvidence(job, Object.keys(world.monitors), null, world.now, worldSettings);
  const evidence = new Map<string, Evidence>();
  for (const { monitor, after, until } of needs) {
    const shown = monitorOf(world, monitor);
    // the barrier: whatever was sent before the dashboard was asked for has been worked on
    if (after <= world.now && shown.waiting.length === 0) {
      const runners = shown.runners.filter(({ reservedFor }) => reservedFor === job.uniqueId);
      evidence.set(monitor, {
        kind: "seen",
        runners: runners.map((one) => heldRunner(monitor, one)),
        ambiguous: [],
      });
    } else if (until <= world.now) evidence.set(monitor, { kind: "none" });
  }
  return decideByEvidence(job, needs, evidence, null);
}
