// What must hold after every command, whatever came before. Stated as code, over what a store shows of itself.
import { availableRunners, type Fleet, servableRunners } from "../../src/queue/fleet/fleet.ts";
import { isOver, type Job, neededRunners } from "../../src/queue/job/job.ts";
import type { PollReply } from "../../src/queue/operations/poll.ts";
import { legMemoryMs, type QueueSettings } from "../../src/queue/settings.ts";
import { type Command, ids, isClaimOpen, type World } from "./commands.ts";

interface State {
  readonly jobs: readonly ({ kind: "job"; job: Job } | { kind: "unknown" })[];
  readonly fleet: Fleet;
}

export interface Invariants {
  check(state: unknown, given: Command, reply: unknown, world: World): void;
  /** The store was lost: what it knew no longer binds it. */
  forget(): void;
}

export function createInvariants(settings: QueueSettings): Invariants {
  let before = new Map<string, Job>();
  let fleetBefore: Fleet = new Map();

  const fail = (what: string): never => {
    throw new Error(`invariant broken: ${what}`);
  };

  const checkJob = (id: string, was: Job | undefined, job: Job): void => {
    if (was === undefined || was.place !== job.place) return;
    if (was.answer !== undefined && job.answer !== undefined && was.answer !== job.answer)
      fail(`the answer of ${id} changed`);
    if (isOver(was.state) && was.state !== job.state) fail(`${id} ended twice: ${was.state}, then ${job.state}`);
    // a job that is over keeps no claim
    const isOverWithIt = isOver(job.state) && job.claim === undefined;
    if (isClaimOpen(was) && was.claim?.id !== job.claim?.id && !isOverWithIt) fail(`${id} has two live claims`);
    if (job.state === "claimed" && !isClaimOpen(job)) fail(`${id} is claimed without an open leg`);
    if ((job.runnersInHand?.length ?? 0) > job.runnerCount) fail(`${id} holds more than it asked for`);
    if (job.state === "taken" && (job.spentRunners?.length ?? 0) < job.runnerCount)
      fail(`${id} is taken without all its runners`);
  };

  /** Nobody claims more than was idle, and nobody claims past a present job that needs as much or less and was there first. */
  const checkClaim = (id: string, reply: PollReply, world: World): void => {
    if (reply.kind !== "claimed" || reply.job.claim?.at !== world.now || before.get(id)?.state === "claimed") return;
    let capacity = 0;
    for (const [monitor, row] of fleetBefore) {
      const available = availableRunners(row, world.now, settings.snapshotFreshMs);
      capacity += available;
      const asked = reply.job.claim.legs
        .filter((leg) => leg.monitor === monitor)
        .reduce((sum, leg) => sum + leg.runners, 0);
      if (asked > available) fail(`${id} claimed ${asked} at ${monitor}, where ${available} were to be had`);
    }
    const targets = servableRunners(fleetBefore, world.now);
    let ahead = 0;
    for (const [other, job] of before) {
      if (other === id || job.state !== "queued" || job.place >= reply.job.place) continue;
      const isPresent = job.isPresent && job.asideUntil === undefined && neededRunners(job) <= targets;
      const isSuspect = job.clearedFor !== world.lostAt;
      if (isPresent && !isSuspect) ahead += neededRunners(job);
    }
    if (ahead + reply.job.claim.needed > capacity) fail(`${id} overtook: ${ahead} needed ahead, capacity ${capacity}`);
  };

  /** Every open leg is counted at its monitor. */
  const checkFleet = (fleet: Fleet, jobs: ReadonlyMap<string, Job>, now: number): void => {
    for (const [monitor, row] of fleet) {
      const counted = new Set(row.out.map(([claimId]) => claimId));
      for (const job of jobs.values()) {
        for (const leg of job.claim?.legs ?? []) {
          if (leg.monitor !== monitor || (leg.state !== "pending" && leg.state !== "unknown")) continue;
          // a leg that everybody should have given up long ago no longer counts, so that nothing is blocked for ever
          if (leg.holdUntil + legMemoryMs <= now) continue;
          if (!counted.has(job.claim?.id ?? "")) fail(`${monitor} does not count the open leg of ${job.claim?.id}`);
        }
      }
    }
  };

  return {
    check: (shown, given, reply, world) => {
      const state = shown as State;
      const jobs = new Map<string, Job>();
      state.jobs.forEach((entry, i) => {
        if (entry.kind === "job") jobs.set(ids[i] as string, entry.job);
      });
      for (const [id, job] of jobs) checkJob(id, before.get(id), job);
      if (given.kind === "poll" && reply !== null) checkClaim(given.id, reply as PollReply, world);
      checkFleet(state.fleet, jobs, world.now);
      before = jobs;
      fleetBefore = state.fleet;
    },
    forget: () => {
      before = new Map();
      fleetBefore = new Map();
    },
  };
}
