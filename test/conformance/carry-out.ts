// Carries a random command out at a queue, and remembers what both stores have answered, so that
// both are asked the same.
import type { Job, Ticket } from "../../src/queue/job/job.ts";
import type { LegOutcome, RefusalCause } from "../../src/queue/job/leg-outcome.ts";
import type { PollReply } from "../../src/queue/operations/poll.ts";
import { StoreUnavailable } from "../../src/queue/store.ts";
import type { QueueOver } from "../support/queue-over.ts";
import { type Command, ids, profiles } from "./commands.ts";

/** What one run has seen. Only `learn` changes it. */
export interface RandomWorld {
  now: number;
  lostAt: number;
  steps: number;
  readonly tickets: Map<string, Ticket>;
  /** the claims that were won, by job */
  readonly claims: Map<string, Job>;
  runners: number;
}

export function createRandomWorld(): RandomWorld {
  const start = 1_790_000_000_000;
  return { now: start, lostAt: start, steps: 0, tickets: new Map(), claims: new Map(), runners: 0 };
}

/** The job that a command is about. */
export function ticketOf(given: Command, world: RandomWorld): Ticket | undefined {
  if (!("pick" in given)) return undefined;
  const tickets = [...world.tickets.values()];
  return tickets[given.pick % Math.max(1, tickets.length)];
}

export function requestOf({ id, isElsewhere, count }: Extract<Command, { kind: "enqueue" }>) {
  const profileKey = profiles[(id + (isElsewhere ? 1 : 0)) % profiles.length] ?? "";
  return {
    uniqueId: ids[id] ?? "",
    profileKey,
    runnerCount: count,
    qualifiedRepo: `o/r${id % 2}`,
    runId: String(id % 4),
  };
}

/** Answers what the queue answered; "unavailable" where the store's reply was lost for good. */
export async function carryOut(queue: QueueOver, given: Command, world: RandomWorld): Promise<unknown> {
  try {
    return await act(queue, given, world);
  } catch (error) {
    if (error instanceof StoreUnavailable) return "unavailable";
    throw error;
  } finally {
    // what follows a job's end goes on by itself
    await queue.idle();
  }
}

async function act(queue: QueueOver, given: Command, world: RandomWorld): Promise<unknown> {
  switch (given.kind) {
    case "enqueue":
      return await queue.enqueue(requestOf(given), given.isFleetKnown, given.most);
    case "snapshot": {
      const { monitor, idle, target, ageMs, news } = given;
      const counts = new Map(profiles.map((name, at) => [name, { idle: idle[at] ?? 0, target, healthy: target }]));
      const shown = news === "snapshot" ? { kind: news, counts } : { kind: news };
      return await queue.finishPoll(monitor, world.now - ageMs, shown, { nextInMs: 1000, idleInMs: 3000 });
    }
    case "pause":
      return await queue.pause(profiles[given.profile] ?? "", actOf(given, world));
    case "drain":
      return await queue.drain(given.monitor, actOf(given, world));
    case "take_place":
      return await queue.store.takePlace(given.monitor, `take-${given.key}`, 2, 10_000);
    case "free_place":
      return await queue.store.freePlace(given.monitor, `take-${given.key}`, given.key === 0 ? null : "taken");
    case "ask_monitor":
      return await queue.beginPoll(given.monitor, `asker-${given.by}`, given.holdMs, given.isPushed);
    case "end_idle_polling":
      return await queue.endIdlePolling(given.monitor, 1000);
    case "sweep":
      return await queue.sweep(profiles[given.profile] ?? "");
    case "set_clock":
      return await queue.renewMark();
    case "wait":
    case "lose":
    case "trouble":
      return null;
    default: {
      const ticket = ticketOf(given, world);
      return ticket === undefined ? null : await actForJob(queue, given, ticket, world);
    }
  }
}

async function actForJob(
  queue: QueueOver,
  given: Extract<Command, { pick: number }>,
  ticket: Ticket,
  world: RandomWorld,
): Promise<unknown> {
  const { uniqueId, profileKey } = ticket;
  const claim = world.claims.get(uniqueId)?.claim;
  switch (given.kind) {
    case "poll": {
      const holder = given.holdMs > 0 ? holderOf(uniqueId, world) : "";
      return await queue.poll(ticket, `claim-${world.steps}`, { holdMs: given.holdMs, holder });
    }
    case "hang_up":
      return await queue.hangUp(ticket, holderOf(uniqueId, world));
    case "settle": {
      const leg = claim?.legs[given.leg % claim.legs.length];
      if (claim === undefined || leg === undefined) return null;
      const legs = [outcomeOf(given.outcome, leg.monitor, given.given, leg.runners, world)];
      return await queue.settle(ticket, { claimId: claim.id, claimedAt: claim.at, legs, found: [], clearedFor: null });
    }
    case "evidence": {
      const { lostAt } = world;
      const found = runnersOf(given.monitor, given.found, world).map((runner) => ({ ...runner, since: lostAt }));
      return await queue.settle(ticket, { claimId: null, claimedAt: lostAt, legs: [], found, clearedFor: lostAt });
    }
    case "renew":
      return claim === undefined ? null : await queue.renew(ticket, claim.id, given.isPresent);
    case "cancel":
      return await queue.cancel(profileKey, uniqueId, ticket);
    case "cancel_by_operator":
      return await queue.cancel(profileKey, uniqueId, null);
  }
}

function actOf({ isBegin, untilMs }: Extract<Command, { kind: "pause" | "drain" }>, world: RandomWorld) {
  const kind = isBegin ? ("begin" as const) : ("end" as const);
  return { kind, by: "me", note: "why", until: untilMs === null ? null : world.now + untilMs };
}

/** What the world learns from a reply that both stores gave. */
export function learn(world: RandomWorld, given: Command, reply: unknown): void {
  if (given.kind === "enqueue") {
    const accepted = reply as { kind: string; place?: number; share?: Ticket["share"] };
    const { kind, place, share } = accepted;
    const request = requestOf(given);
    if (kind === "accepted" && place !== undefined) world.tickets.set(request.uniqueId, { ...request, place, share });
  }
  const won = given.kind === "poll" ? (reply as PollReply | null) : null;
  if (won?.kind === "claimed") world.claims.set(won.job.uniqueId, won.job);
  if (given.kind === "settle" || given.kind === "evidence") world.runners += 10;
}

/** One of the two requests that may be held for a job. */
function holderOf(id: string, world: RandomWorld): string {
  return `hold-${id}-${world.steps % 2}`;
}

function outcomeOf(outcome: string, monitor: string, given: number, asked: number, world: RandomWorld): LegOutcome {
  if (outcome === "taken")
    return { monitor, state: "taken", runners: runnersOf(monitor, Math.max(1, asked - 1 + (given % 3)), world) };
  if (outcome === "unknown") return { monitor, state: "unknown", evidenceInMs: 0 };
  if (outcome === "unknown_silent") return { monitor, state: "unknown", evidenceInMs: 25_000 };
  return { monitor, state: "refused", cause: outcome as RefusalCause };
}

function runnersOf(monitor: string, count: number, world: RandomWorld) {
  return Array.from({ length: count }, (_, i) => ({
    monitor,
    id: String(world.runners + i),
    body: `{"id":${world.runners + i},"runner":{"empty":[],"o":{}}}`,
  }));
}
