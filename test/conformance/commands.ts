// Random command sequences for a store: what may come from outside, as plain data, and how to carry one out.
import fc from "fast-check";
import { isOpen, type Job, type Ticket } from "../../src/queue/job/job.ts";
import type { LegOutcome, RefusalCause } from "../../src/queue/job/leg-outcome.ts";
import type { PollReply } from "../../src/queue/operations/poll.ts";
import type { QueueOver } from "../support/queue-over.ts";

export const profileKey = "p";
export const monitors = ["m0", "m1", "m2"];
export const ids = ["a", "b", "c", "d", "e", "f"];

export type Command =
  | {
      readonly kind: "enqueue";
      readonly id: string;
      readonly count: number;
      readonly isFleetKnown: boolean;
      readonly most?: number | undefined;
    }
  | { readonly kind: "poll"; readonly id: string; readonly holdMs: number }
  | { readonly kind: "cancel" | "cancelByOperator" | "hangUp"; readonly id: string }
  | {
      readonly kind: "settle";
      readonly id: string;
      readonly leg: number;
      readonly outcome: string;
      readonly given: number;
    }
  | { readonly kind: "evidence"; readonly id: string; readonly found: number; readonly monitor: string }
  | { readonly kind: "renew"; readonly id: string; readonly isPresent: boolean }
  | {
      readonly kind: "snapshot";
      readonly monitor: string;
      readonly idle: number;
      readonly target: number;
      readonly ageMs: number;
      readonly news: "snapshot" | "failed" | "redrawing";
    }
  | {
      readonly kind: "pause" | "drain";
      readonly monitor: string;
      readonly act: "begin" | "end";
      readonly untilMs: number | null;
    }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "sweep" | "lose" };

const id = fc.constantFrom(...ids);
const monitor = fc.constantFrom(...monitors);

const idle = fc.constantFrom(0, 1, 1, 2, 3, 4);
const target = fc.constantFrom(0, 4, 4, 4);
const outcomes = [
  "taken",
  "taken",
  "taken",
  "unknown",
  "unknownSilent",
  "unreachable",
  "rejected",
  "not_reserved",
  "no_evidence",
  "unsent",
];
/** Mostly short, now and then past the next deadline: asleep, abandoned, answer gone, tombstone gone. */
const waits = [1, 1, 10, 10, 900, 900, 4000, 4000, 9000, 9000, 9000, 31_000, 46_000, 4_000_000];
const news = fc.constantFrom(
  "snapshot" as const,
  "snapshot" as const,
  "snapshot" as const,
  "failed" as const,
  "redrawing" as const,
);

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      kind: fc.constant("enqueue" as const),
      id,
      count: fc.constantFrom(1, 1, 1, 2, 3, 9),
      isFleetKnown: fc.boolean(),
      most: fc.constantFrom(undefined, undefined, 0, 3),
    }),
  },
  {
    weight: 160,
    arbitrary: fc.record({ kind: fc.constant("poll" as const), id, holdMs: fc.constantFrom(0, 0, 25_000) }),
  },
  { weight: 15, arbitrary: fc.record({ kind: fc.constant("hangUp" as const), id }) },
  {
    weight: 120,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      id,
      leg: fc.nat(2),
      outcome: fc.constantFrom(...outcomes),
      given: fc.nat(3),
    }),
  },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant("evidence" as const), id, found: fc.nat(2), monitor }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("renew" as const), id, isPresent: fc.boolean() }) },
  {
    weight: 60,
    arbitrary: fc.record({
      kind: fc.constant("snapshot" as const),
      monitor,
      idle,
      target,
      ageMs: fc.constantFrom(0, 0, 5, 500),
      news,
    }),
  },
  { weight: 50, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(...waits) }) },
  { weight: 30, arbitrary: fc.constant({ kind: "sweep" as const }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom("cancel" as const, "cancelByOperator" as const), id }) },
  { weight: 4, arbitrary: fc.constant({ kind: "lose" as const }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom("pause" as const, "drain" as const),
      monitor,
      act: fc.constantFrom("begin" as const, "end" as const),
      untilMs: fc.constantFrom(null, 3000, 20_000),
    }),
  },
);

/** Sequences begin with a fleet and a line, so that most of them get somewhere. */
export const commands: fc.Arbitrary<Command[]> = fc
  .tuple(
    fc.tuple(
      ...monitors.map((one) =>
        fc.record({
          kind: fc.constant("snapshot" as const),
          monitor: fc.constant(one),
          idle,
          target: fc.constant(4),
          ageMs: fc.constant(0),
          news: fc.constant("snapshot" as const),
        }),
      ),
    ),
    fc.subarray(ids).chain((some) =>
      fc.tuple(
        ...some.map((one) =>
          fc.record({
            kind: fc.constant("enqueue" as const),
            id: fc.constant(one),
            count: fc.constantFrom(1, 1, 2, 3, 5),
            isFleetKnown: fc.constant(true),
          }),
        ),
      ),
    ),
    fc.array(anyCommand, { minLength: 5, maxLength: 40 }),
  )
  .map(([fleet, line, rest]) => [...fleet, ...line, ...rest]);

/** What one run has seen: shared between the stores, so that both are asked the same questions. */
export interface World {
  now: number;
  lostAt: number;
  steps: number;
  readonly tickets: Map<string, Ticket>;
  /** the claims that were won, by job */
  readonly claims: Map<string, Job>;
  runners: number;
}

export function createWorld(): World {
  return { now: 1_790_000_000_000, lostAt: 0, steps: 0, tickets: new Map(), claims: new Map(), runners: 0 };
}

/** Carries a command out at one store. `world` is only read here. */
export async function carryOut(queue: QueueOver, given: Command, world: World): Promise<unknown> {
  switch (given.kind) {
    case "enqueue": {
      const request = { uniqueId: given.id, profileKey, runnerCount: given.count, qualifiedRepo: "o/r", runId: "1" };
      return await queue.enqueue(request, given.isFleetKnown, given.most);
    }
    case "poll": {
      const ticket = world.tickets.get(given.id);
      if (ticket === undefined) return null;
      const { holdMs } = given;
      const holder = holdMs > 0 ? holderOf(given.id, world) : "";
      return await queue.poll(ticket, `claim-${world.steps}`, { holdMs, holder });
    }
    case "hangUp": {
      const ticket = world.tickets.get(given.id);
      return ticket === undefined ? null : await queue.hangUp(ticket, holderOf(given.id, world));
    }
    case "settle": {
      const ticket = world.tickets.get(given.id);
      const claim = world.claims.get(given.id)?.claim;
      const leg = claim?.legs[given.leg % claim.legs.length];
      if (ticket === undefined || claim === undefined || leg === undefined) return null;
      const legs = [outcomeOf(given.outcome, leg.monitor, given.given, leg.runners, world)];
      return await queue.settle(ticket, { claimId: claim.id, claimedAt: claim.at, legs, found: [], clearedFor: null });
    }
    case "evidence": {
      const ticket = world.tickets.get(given.id);
      if (ticket === undefined) return null;
      const found = runnersOf(given.monitor, given.found, world).map((runner) => ({ ...runner, since: world.lostAt }));
      return await queue.settle(ticket, {
        claimId: null,
        claimedAt: world.lostAt,
        legs: [],
        found,
        clearedFor: world.lostAt,
      });
    }
    case "renew": {
      const ticket = world.tickets.get(given.id);
      const claim = world.claims.get(given.id)?.claim;
      if (ticket === undefined || claim === undefined) return null;
      return await queue.renew(ticket, claim.id, given.isPresent);
    }
    case "cancel":
      return await queue.cancel(profileKey, given.id, world.tickets.get(given.id) ?? null);
    case "cancelByOperator":
      return await queue.cancel(profileKey, given.id, null);
    case "snapshot": {
      const counts = new Map([[profileKey, { idle: given.idle, target: given.target, healthy: given.target }]]);
      const news = given.news === "snapshot" ? { kind: given.news, counts } : { kind: given.news };
      return await queue.finishPoll(given.monitor, world.now - given.ageMs, news, { nextInMs: 1000, idleInMs: 3000 });
    }
    case "pause":
    case "drain": {
      const until = given.untilMs === null ? null : world.now + given.untilMs;
      const request = { kind: given.act, by: "me", note: "why", until };
      return given.kind === "pause"
        ? await queue.pause(profileKey, request)
        : await queue.drain(given.monitor, request);
    }
    case "sweep":
      return await queue.sweep(profileKey);
    case "wait":
    case "lose":
      return null;
  }
}

/** What the world learns from a reply that both stores gave. */
export function learn(world: World, given: Command, reply: unknown): void {
  if (given.kind === "enqueue") {
    const accepted = reply as { kind: string; place?: number };
    if (accepted.kind === "accepted" && accepted.place !== undefined) {
      const ticket = {
        uniqueId: given.id,
        profileKey,
        runnerCount: given.count,
        qualifiedRepo: "o/r",
        runId: "1",
        place: accepted.place,
      };
      world.tickets.set(given.id, ticket);
    }
  }
  if (given.kind === "poll" && (reply as PollReply | null)?.kind === "claimed")
    world.claims.set(given.id, (reply as { job: Job }).job);
  if (given.kind === "settle" || given.kind === "evidence") world.runners += 10;
}

/** One of the two requests that may be held for a job. */
function holderOf(id: string, world: World): string {
  return `hold-${id}-${world.steps % 2}`;
}

function outcomeOf(outcome: string, monitor: string, given: number, asked: number, world: World): LegOutcome {
  if (outcome === "taken")
    return { monitor, state: "taken", runners: runnersOf(monitor, Math.max(1, asked - 1 + (given % 3)), world) };
  if (outcome === "unknown") return { monitor, state: "unknown", evidenceInMs: 0 };
  if (outcome === "unknownSilent") return { monitor, state: "unknown", evidenceInMs: 25_000 };
  return { monitor, state: "refused", cause: outcome as RefusalCause };
}

function runnersOf(monitor: string, count: number, world: World) {
  return Array.from({ length: count }, (_, i) => ({
    monitor,
    id: String(world.runners + i),
    body: `{"id":${world.runners + i},"runner":{"empty":[],"o":{}}}`,
  }));
}

/** How every job and the fleet stand in a store. */
export async function dump(queue: QueueOver) {
  const jobs = await Promise.all(ids.map((one) => queue.inspect(profileKey, one)));
  const { fleet, ...overview } = await queue.overview(profileKey, 4);
  return {
    jobs,
    fleet,
    overview,
    claimable: await queue.claimable(profileKey),
    bookings: await Promise.all(ids.map(async (one) => await queue.findProfile(one))),
    history: await queue.history(profileKey, 30),
    monitors: await Promise.all(monitors.map((one) => queue.monitor(one))),
  };
}

/** Whether a job still has an open leg. */
export function isClaimOpen(job: Job): boolean {
  return job.claim?.legs.some(isOpen) ?? false;
}
