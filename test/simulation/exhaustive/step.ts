// What one event does to a small world. The world that it happens to is not changed.
import type { Ticket } from "../../../src/queue/job/job.ts";
import type { LegOutcome } from "../../../src/queue/job/leg-outcome.ts";
import { noHold } from "../../../src/queue/job/presence.ts";
import { type PollReply, pollOperation } from "../../../src/queue/operations/poll.ts";
import { renewOperation } from "../../../src/queue/operations/renew.ts";
import { settleOperation } from "../../../src/queue/operations/settle.ts";
import { snapshotOperation } from "../../../src/queue/operations/snapshot.ts";
import { sweepOperation } from "../../../src/queue/operations/sweep.ts";
import type { Operation } from "../../../src/queue/profile.ts";
import { sendWithinMs } from "../../../src/queue/settings.ts";
import type { Happening, Heard } from "../happening.ts";
import { note } from "../invariants.ts";
import type { Broken } from "../promises.ts";
import { copySeen } from "../seen.ts";
import { commit, decide, findKeptJob, openStore, ownedJobs, profileKey } from "./kept-store.ts";
import {
  type Call,
  heldRunner,
  type Instance,
  instanceOf,
  type Leg,
  monitorOf,
  newRunner,
  type Pending,
  type Runner,
  type World,
  type WorldEvent,
  worldSettings,
} from "./small-world.ts";

type Tell = (happening: Happening) => void;

/** A job runs for so long on its runners, and then there are fresh ones. */
const usedForMs = 20_000;

export function step(world: World, event: WorldEvent): World {
  switch (event.kind) {
    case "begin":
      return begin({ ...world, left: { ...world.left, races: world.left.races - 1 } }, event.instance, event.call);
    case "do":
    case "do_unheard":
      return callAtOnce(world, event.instance, event.call, event.kind === "do");
    case "commit":
    case "commit_unheard":
      return write(world, event.instance, event.kind === "commit");
    case "crash": {
      const left = { ...world.left, crashes: world.left.crashes - 1 };
      const dead = { isAlive: false, isPaused: false, pending: null, toSend: [], toSettle: [], late: null };
      return quietly(world, { left, ...withInstance(world, event.instance, dead) });
    }
    case "pause": {
      const left = { ...world.left, pauses: world.left.pauses - 1 };
      return quietly(world, { left, ...withInstance(world, event.instance, { isPaused: true }) });
    }
    case "wake":
      return quietly(world, withInstance(world, event.instance, { isPaused: false }));
    case "send":
      return quietly(world, send(world, event.instance, event.leg));
    case "work":
    case "work_unheard":
      return change(world, (tell) => work(world, event.monitor, event.kind === "work", tell));
    case "ask_late": {
      const left = { ...world.left, lateSnapshots: world.left.lateSnapshots - 1 };
      return quietly(world, { left, ...withInstance(world, event.instance, { late: event.dashboard }) });
    }
    case "look_for_evidence": {
      const { uniqueId, settlement } = event;
      const { toSettle } = instanceOf(world, event.instance);
      return quietly(world, withInstance(world, event.instance, { toSettle: [...toSettle, { uniqueId, settlement }] }));
    }
    case "tick":
      return tick(world);
  }
}

/** The world after what `act` says, with what it told noted. */
export function change(world: World, act: (tell: Tell) => Partial<World>): World {
  const seen = copySeen(world.seen);
  const broken: Broken[] = [];
  const changed = act((happening) => broken.push(...note(seen, happening)));
  return { ...world, ...changed, seen, broken };
}

/** The same where nothing is told. */
function quietly(world: World, changed: Partial<World>): World {
  return { ...world, ...changed, broken: [] };
}

function withInstance(world: World, name: string, changed: Partial<Instance>): Pick<World, "instances"> {
  return { instances: { ...world.instances, [name]: { ...instanceOf(world, name), ...changed } } };
}

/** An operation that is decided and written in one step. */
export function run(world: World, instance: string, operation: Operation<unknown>): World {
  return change(world, (tell) => {
    const opened = openStore(world, tell);
    const { part, wake } = decide(world, opened, instance, operation);
    if (part !== undefined) commit(world, opened, part, wake);
    return { kept: opened.kept, commits: world.commits + 1 };
  });
}

/** An instance loads, decides and writes before anybody else does. */
export function callAtOnce(world: World, instance: string, call: Call, isHeard = true): World {
  const begun = begin(world, instance, call);
  const { pending } = instanceOf(begun, instance);
  if (pending === null) return begun;
  // what is not remembered is not sent again: that its reply is lost changes nothing here
  if (!isHeard && !pending.part.isRemembered) return world;
  const written = write(begun, instance, isHeard);
  return { ...written, broken: [...begun.broken, ...written.broken] };
}

function operationOf(world: World, name: string, call: Call): Operation<unknown> {
  switch (call.kind) {
    case "poll": {
      const attempts = findKeptJob(world, call.uniqueId)?.stored.job.attempts ?? 0;
      const claimId = `${call.uniqueId}-${attempts + 1}-${name}`;
      const ticket = ticketOf(world, call.uniqueId);
      const known = { spread: 500, hold: noHold, isBooked: true, isLate: true, roomSeenAt: 0 };
      return pollOperation({ ticket, claimId, ...known });
    }
    case "settle":
      return settleOperation(ticketOf(world, call.uniqueId), call.settlement);
    case "sweep":
      return sweepOperation(profileKey);
    case "snapshot": {
      const { monitor, askedAt, idle } = call.dashboard;
      const all = monitorOf(world, monitor).runners.length;
      const counts = { idle, target: all, healthy: all };
      return snapshotOperation({ profileKey, monitor, askedAt, counts, drained: { drainedAt: 0, drainedUntil: 0 } });
    }
  }
}

function ticketOf(world: World, uniqueId: string): Ticket {
  const ticket = world.tickets[uniqueId];
  if (ticket === undefined) throw new Error(`${uniqueId} was not enqueued`);
  return ticket;
}

/** An instance loads and decides. What is not to be written is answered at once. */
function begin(before: World, name: string, call: Call): World {
  const isAskedLater = call.kind === "snapshot" && call.dashboard.askedAt > before.now;
  const world = isAskedLater ? { ...before, now: call.dashboard.askedAt } : before;
  return change(world, (tell) => {
    const operation = operationOf(world, name, call);
    const { part, ...made } = decide(world, openStore(world, tell), name, operation);
    const commits = world.commits + 1;
    const pending: Pending | null =
      part === undefined ? null : { call, part, ...made, isWritten: false, isFresh: true };
    if (pending === null) return end({ ...world, commits }, name, call, made.answer, tell);
    return { ...world, commits, ...withInstance(world, name, { pending }) };
  });
}

/** What was decided is written, if it still holds; a conflict leaves it to be decided anew. */
function write(world: World, name: string, isHeard: boolean): World {
  const { pending } = instanceOf(world, name);
  if (pending === null) throw new Error(`${name} has nothing to write`);
  return change(world, (tell) => {
    const opened = openStore(world, tell);
    const result = commit(world, opened, pending.part, pending.wake);
    const left = isHeard ? world.left : { ...world.left, lostReplies: world.left.lostReplies - 1 };
    const isDone = result === "done";
    const remembered =
      isDone && pending.part.isRemembered ? new Set([...world.remembered, pending.part.id]) : world.remembered;
    const written = { ...world, kept: opened.kept, left, remembered };
    // only what is remembered is sent again; the other was a request that failed
    const isWritten = isDone && !isHeard && pending.part.isRemembered;
    const next = isWritten ? { ...pending, isWritten } : null;
    const others = isDone ? withoutFresh(written) : written;
    const heard = { ...others, ...withInstance(others, name, { pending: next }) };
    return isDone && isHeard ? end(heard, name, pending.call, pending.answer, tell) : heard;
  });
}

/** Something was written since they decided. */
function withoutFresh(world: World): World {
  const instances = Object.entries(world.instances).map(([name, instance]) => {
    const { pending } = instance;
    return [name, pending?.isFresh ? { ...instance, pending: { ...pending, isFresh: false } } : instance];
  });
  return { ...world, instances: Object.fromEntries(instances) };
}

/** An operation's answer is there. */
function end(world: World, name: string, call: Call, answer: unknown, tell: Tell): World {
  const instance = instanceOf(world, name);
  switch (call.kind) {
    case "settle": {
      const toSettle = instance.toSettle.filter(({ settlement }) => settlement !== call.settlement);
      return { ...world, ...withInstance(world, name, { toSettle }) };
    }
    case "snapshot":
      return call.dashboard === instance.late ? { ...world, ...withInstance(world, name, { late: null }) } : world;
    case "poll":
      return answerPoll(world, name, call.uniqueId, answer as PollReply, tell);
    case "sweep":
      return world;
  }
}

function answerPoll(world: World, name: string, uniqueId: string, reply: PollReply, tell: Tell): World {
  const hear = (heard: Heard) =>
    tell({ kind: "answered", at: world.now, askedAt: world.now, ticket: ticketOf(world, uniqueId), heard });
  if (reply.kind === "claimed") {
    const { claim } = reply.job;
    const legs = (claim?.legs ?? []).map(({ monitor, runners }): Leg => {
      return { uniqueId, claim: { id: claim?.id ?? "", at: claim?.at ?? 0 }, monitor, runners, from: name, sentAt: 0 };
    });
    return { ...world, ...withInstance(world, name, { toSend: [...instanceOf(world, name).toSend, ...legs] }) };
  }
  if (reply.kind === "taken") {
    const names = [JSON.parse(reply.answer) as string | string[]].flat();
    hear({ kind: "answer", bytes: reply.answer, runners: names });
    if (isUsedAlready(world, names)) return world;
    const monitors = Object.entries(world.monitors).map(([monitor, shown]) => {
      const isUsed = ({ id }: Runner) => names.includes(`${monitor}/${id}`);
      return [
        monitor,
        { ...shown, runners: shown.runners.map((one) => (isUsed(one) ? { ...one, isUsed: true } : one)) },
      ];
    });
    return { ...world, monitors: Object.fromEntries(monitors) };
  }
  if (reply.kind === "failed") hear({ kind: "answer", bytes: "null", runners: [] });
  else hear({ kind: reply.kind === "wait" ? "wait" : "over" });
  return world;
}

function isUsedAlready(world: World, names: readonly string[]): boolean {
  return Object.entries(world.monitors).every(([monitor, { runners }]) =>
    runners.every(({ id, isUsed }) => isUsed || !names.includes(`${monitor}/${id}`)),
  );
}

function settleLeg(world: World, name: string, leg: Leg, outcome: LegOutcome): Pick<World, "instances"> {
  const { claim, uniqueId } = leg;
  const settlement = { claimId: claim.id, claimedAt: claim.at, legs: [outcome], found: [], clearedFor: null };
  return withInstance(world, name, { toSettle: [...instanceOf(world, name).toSettle, { uniqueId, settlement }] });
}

/** A leg leaves within 2 s of its claim or not at all. */
function send(world: World, name: string, leg: Leg): Partial<World> {
  const toSend = instanceOf(world, name).toSend.filter((one) => one !== leg);
  const sent = { ...world, ...withInstance(world, name, { toSend }) };
  const { monitor } = leg;
  if (world.now - leg.claim.at > sendWithinMs) {
    return settleLeg(sent, name, leg, { monitor, state: "refused", cause: "unsent" });
  }
  const shown = monitorOf(world, monitor);
  const waiting = [...shown.waiting, { ...leg, sentAt: world.now }];
  return { ...sent, monitors: { ...world.monitors, [monitor]: { ...shown, waiting } } };
}

/** A monitor works on the first take that waits there: it labels what is idle, and answers. */
function work(world: World, monitor: string, isHeard: boolean, tell: Tell): Partial<World> {
  const shown = monitorOf(world, monitor);
  const [leg, ...waiting] = shown.waiting;
  if (leg === undefined) throw new Error(`nothing waits at ${monitor}`);
  const chosen = shown.runners.filter(({ reservedFor }) => reservedFor === null).slice(0, leg.runners);
  const reserve = (one: Runner): Runner =>
    chosen.includes(one) ? { ...one, reservedFor: leg.uniqueId, reservedAt: world.now } : one;
  const monitors = { ...world.monitors, [monitor]: { runners: shown.runners.map(reserve), waiting } };
  for (const { id } of chosen)
    tell({ kind: "reserved", at: world.now, runner: `${monitor}/${id}`, uniqueId: leg.uniqueId });
  const worked = { ...world, monitors };
  if (!instanceOf(world, leg.from).isAlive) return worked;
  const settleMs = Math.max(0, leg.sentAt + worldSettings.monitorSettleMs - world.now);
  const runners = chosen.map((one) => heldRunner(monitor, one));
  const isTaken = isHeard && runners.length > 0;
  const outcome: LegOutcome = isTaken
    ? { monitor, state: "taken", runners }
    : { monitor, state: "unknown", evidenceInMs: isHeard ? 0 : settleMs };
  const left = isHeard ? world.left : { ...world.left, lostReplies: world.left.lostReplies - 1 };
  return { ...worked, left, ...settleLeg(worked, leg.from, leg, outcome) };
}

/** Time passes: whoever lives renews its claims, and monitors destroy what nobody used. */
function tick(before: World): World {
  const settings = worldSettings;
  let world: World = {
    ...before,
    now: before.now + before.plan.tickMs,
    left: { ...before.left, ticks: before.left.ticks - 1 },
  };
  for (const [name, { isAlive, isPaused }] of Object.entries(world.instances)) {
    for (const { uniqueId, claim } of isAlive && !isPaused ? ownedJobs(world, name) : []) {
      world = run(world, name, renewOperation(ticketOf(world, uniqueId), claim?.id ?? "", false));
    }
  }
  const broken = [...world.broken];
  world = change(world, (tell) => {
    const monitors = Object.entries(world.monitors).map(([monitor, shown]) => {
      const runners = shown.runners.map((one): Runner => {
        const endsAt = one.reservedAt + (one.isUsed ? usedForMs : settings.monitorReserveTimeoutMs);
        if (one.reservedFor === null || endsAt > world.now) return one;
        tell({ kind: "gone", at: world.now, runner: `${monitor}/${one.id}` });
        return newRunner(`${one.id}+`);
      });
      return [monitor, { ...shown, runners }] as const;
    });
    return { monitors: Object.fromEntries(monitors) };
  });
  return { ...world, broken: [...broken, ...world.broken] };
}
