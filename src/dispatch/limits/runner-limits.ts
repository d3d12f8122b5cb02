// Whether `max_runners` of a job's repository, owner and class leaves room for it. Asked when its
// turn has come: places on the rolls are taken first, then the claim is written with them taken; if
// it is not, they are given back. Of those in a line whom one limit holds, of whatever flow, the first
// in order goes first: shares count among them, too, and a gang is not passed by those behind it. A
// flow (one line, repository and class) is asked for at most once a second here, and one job after
// the other: 200 pollers of one repository are one question.
import { LRUCache } from "lru-cache";
import { growingTo } from "../../bounded-cache.ts";
import type { Clock } from "../../clock.ts";
import type { Observe } from "../../queue/events.ts";
import { hasOpenLeg, isOver, type Job, neededRunners, type Ticket } from "../../queue/job/job.ts";
import { namesOfRunners } from "../../queue/job/settlement.ts";
import { type HeldBy, isAsideOtherwise, limitsRunners, type RunnerLimit } from "../../queue/line/limit.ts";
import { orderOf } from "../../queue/line/line.ts";
import { flowOf } from "../../queue/line/shares.ts";
import { inspectOperation } from "../../queue/operations/inspect.ts";
import type { PollReply } from "../../queue/operations/poll.ts";
import type { Policy } from "../../queue/policy/policy.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { Store } from "../../queue/store.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import type { CountedMonitors } from "./counted-monitors.ts";
import { nobodyIsTooMany, rollOf, rollsOf, runnerKeptForMs, slotKeptForMs, slotsOf } from "./runner-rolls.ts";

export type Limited = Extract<PollReply, { kind: "limited" }>;

export interface RunnerLimits {
  /** What was found a moment ago of a job's flow; undefined: it has to be asked for. */
  recall(ticket: Ticket): HeldBy | undefined;
  /** Takes places for a claim, or says which limit leaves none. Throws StoreUnavailable. */
  reserve(asked: Limited, claimId: string): Promise<"reserved" | HeldBy>;
  /** The claim was not written: its places are free. */
  giveBack(asked: Limited, claimId: string): void;
  /** The claim was written: whoever is next in the flow may ask. */
  noteClaimed(job: Job): void;
  /** A job's claim ended, or the job did. */
  noteLeft(job: Job, claimId: string | null): void;
  /** Resolves when all that ended is counted. */
  idle(): Promise<void>;
}

export interface RunnerLimitsDeps {
  readonly store: Pick<Store, "enrol" | "strike" | "readRoll" | "countRoll">;
  readonly countedMonitors: CountedMonitors;
  readonly runner: Pick<OperationRunner, "run" | "capacity">;
  readonly policy: () => Policy | undefined;
  readonly settings: Pick<QueueSettings, "unknownHoldMs" | "monitorReserveTimeoutMs" | "startTimeoutMs">;
  readonly clock: Clock;
  readonly observe: Observe;
}

const foundForMs = 1_000;
const maxFlowsKnown = 10_000;
const maxStanding = 50_000;
const standAgainMs = 20_000;
/** Of those whom a limit holds, so many are looked at to find the first. */
const maxLooks = 16;
/** Subtracted from places and shares, so that they are numbers of ms that a store can add to its clock. */
const placeBase = 1_700_000_000_000_000;
/** On a roll of those aside, of one that an operator put before all others, ms. */
const expeditedForMs = 60_000;

export function createRunnerLimits(deps: RunnerLimitsDeps): RunnerLimits {
  const { store, runner, countedMonitors, policy, settings, clock, observe } = deps;
  /** by flow; `first`: who may go first, and whether it was them who asked */
  const found = new LRUCache<
    string,
    { readonly at: number; readonly heldBy: HeldBy; readonly first: string; readonly hasAsked: boolean }
  >(growingTo(maxFlowsKnown));
  /** rolls of those aside that this instance put jobs on; it does so again now and then */
  const standing = new LRUCache<string, string>({ ...growingTo(maxStanding), ttl: standAgainMs });
  const asking = new Map<string, Promise<unknown>>();
  const underWay = new Set<Promise<void>>();

  const inBackground = (act: () => Promise<unknown>): void => {
    const acting: Promise<void> = act()
      .then(() => {})
      .catch((error: unknown) => observe({ kind: "trouble", where: "limits", error }))
      .finally(() => underWay.delete(acting));
    underWay.add(acting);
  };
  const verdictOf = (ticket: Ticket): HeldBy | undefined => {
    if (found.size === 0) return undefined;
    const known = found.get(flowKeyOf(ticket));
    if (known === undefined || clock.now() - known.at >= foundForMs) return undefined;
    return known.first === ticket.uniqueId && !known.hasAsked ? undefined : known.heldBy;
  };

  // who is not on the roll of those aside asks, so that they are put there: the others go by it
  const recall = (ticket: Ticket): HeldBy | undefined =>
    standing.has(jobKeyOf(ticket)) ? verdictOf(ticket) : undefined;

  /** Who comes before the job of those whom this limit holds, and could be served if there were room. */
  const findFirstOf = async ({ job, now }: Limited, limit: RunnerLimit): Promise<Job | null> => {
    const roll = asideRollOf(job.profileKey, limit);
    const names = (await store.readRoll(roll, Number.MAX_SAFE_INTEGER, maxLooks)).filter((id) => id !== job.uniqueId);
    if (names.length === 0) return null;
    const replies = await Promise.all(
      names.map(async (id) => await runner.run(inspectOperation(job.profileKey, id, null))),
    );
    const waiting = replies.flatMap((reply) =>
      reply.kind !== "unknown" && reply.job.state === "queued" && reply.job.isPresent && isHeldBy(reply.job, limit)
        ? [reply.job]
        : [],
    );
    const stay = new Set(waiting.map(({ uniqueId }) => uniqueId));
    const gone = names.filter((id) => !stay.has(id));
    if (gone.length > 0) await store.strike(roll, gone);
    const servable = runner.capacity(job.profileKey)?.totals(now).servable ?? 0;
    const room = Math.min(servable, limit.maxRunners);
    const [first] = waiting
      .filter((one) => neededRunners(one) <= room && !isAsideOtherwise(one, now) && orderOf(one) < orderOf(job))
      .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
    return first ?? null;
  };
  const findFirst = async (asked: Limited): Promise<{ readonly job: Job; readonly limit: RunnerLimit } | null> => {
    const found = await Promise.all(
      asked.limits.map(async (limit) => ({ limit, job: await findFirstOf(asked, limit) })),
    );
    return found.flatMap(({ job, limit }) => (job === null ? [] : [{ job, limit }]))[0] ?? null;
  };
  const takePlaces = async ({ job, limits, needed }: Limited, claimId: string): Promise<HeldBy | null> => {
    const slots = slotsOf(job, claimId, needed);
    const keptForMs = slotKeptForMs(settings, needed);
    for (const [at, limit] of limits.entries()) {
      for (const [n, slot] of slots.entries()) {
        const { standing, count } = await store.enrol(rollOf(limit), slot, limit.maxRunners, keptForMs);
        if (standing !== "full") continue;
        for (const taken of limits.slice(0, at)) await store.strike(rollOf(taken), slots);
        await store.strike(rollOf(limit), slots.slice(0, n));
        return { ...limit, inUse: Math.max(0, count - n) };
      }
    }
    return null;
  };
  /** In the order of the line, not of the times at which they stood aside. */
  const standAside = async ({ job, now }: Limited, heldBy: HeldBy): Promise<void> => {
    const order = job.share?.start ?? job.place;
    const keptForMs =
      job.expeditedAt === undefined ? Math.max(expeditedForMs, order - placeBase - now) : expeditedForMs;
    const roll = asideRollOf(job.profileKey, heldBy);
    const before = standing.get(jobKeyOf(job));
    await store.enrol(roll, job.uniqueId, nobodyIsTooMany, keptForMs);
    if (before !== undefined && before !== roll) await store.strike(before, [job.uniqueId]);
    standing.set(jobKeyOf(job), roll);
  };
  const ask = async (asked: Limited, claimId: string): Promise<"reserved" | HeldBy> => {
    const { job, limits, needed, now, lostAt } = asked;
    const [tightest] = limits.toSorted((a, b) => a.maxRunners - b.maxRunners);
    if (tightest === undefined) return "reserved";
    // a gang of before the limit: it waits for another policy, and nobody waits for it
    if (tightest.maxRunners < needed) return { ...tightest, inUse: await store.countRoll(rollOf(tightest)) };
    const known = verdictOf(job);
    if (known !== undefined) {
      await standAside(asked, known);
      return known;
    }
    if (!(await countedMonitors.hasAll(job.profileKey, now, lostAt)))
      return { ...tightest, inUse: tightest.maxRunners };
    const first = await findFirst(asked);
    const heldBy =
      first === null ? await takePlaces(asked, claimId) : { ...first.limit, inUse: first.limit.maxRunners };
    if (heldBy === null) return "reserved";
    await standAside(asked, heldBy);
    const hasAsked = first === null;
    found.set(flowKeyOf(job), { at: clock.now(), heldBy, first: first?.job.uniqueId ?? job.uniqueId, hasAsked });
    return heldBy;
  };

  const leaveAside = (job: Job): void => {
    const roll = standing.get(jobKeyOf(job));
    if (roll === undefined) return;
    standing.delete(jobKeyOf(job));
    inBackground(async () => await store.strike(roll, [job.uniqueId]));
  };

  return {
    recall,
    reserve: async (asked, claimId) => {
      // what ended here is counted before whoever ended it comes again
      await Promise.all(underWay);
      const flow = flowKeyOf(asked.job);
      const mine = (asking.get(flow) ?? Promise.resolve()).catch(() => {}).then(async () => await ask(asked, claimId));
      asking.set(flow, mine);
      return await mine.finally(() => {
        if (asking.get(flow) === mine) asking.delete(flow);
      });
    },
    giveBack: ({ job, limits, needed }, claimId) =>
      inBackground(async () => {
        for (const limit of limits) await store.strike(rollOf(limit), slotsOf(job, claimId, needed));
      }),
    noteClaimed: (job) => {
      found.delete(flowKeyOf(job));
      leaveAside(job);
    },
    noteLeft: (job, claimId) => {
      if (!limitsRunners(policy())) return;
      const rolls = rollsOf(policy(), job);
      if (rolls.length === 0) return;
      inBackground(async () => {
        for (const roll of rolls) {
          for (const name of runnersOf(job)) await store.enrol(roll, name, nobodyIsTooMany, runnerKeptForMs(settings));
          // what a leg may still bring is counted until it can bring nothing
          if (claimId !== null && !hasOpenLeg(job)) await store.strike(roll, slotsOf(job, claimId, job.runnerCount));
        }
      });
      if (isOver(job.state)) leaveAside(job);
    },
    idle: async () => {
      await Promise.all(underWay);
    },
  };
}

/** `monitor/id` of the runners that it was given, or has in hand. */
function runnersOf(job: Job): readonly string[] {
  if (job.state === "taken") return (job.spentRunners ?? []).slice(-job.runnerCount);
  return namesOfRunners(job.runnersInHand ?? []);
}

function flowKeyOf(job: Pick<Job, "profileKey" | "qualifiedRepo" | "className">): string {
  return `${job.profileKey} ${flowOf(job)}`;
}

function jobKeyOf({ profileKey, uniqueId }: Pick<Job, "profileKey" | "uniqueId">): string {
  return `${profileKey} ${uniqueId}`;
}

/** Those of a profile whom a limit holds. One that is not there any more is struck by whoever finds it. */
function asideRollOf(profileKey: string, { scope, name }: Pick<RunnerLimit, "scope" | "name">): string {
  return `aside/${profileKey}/${scope}/${name}`;
}

function isHeldBy({ limit }: Job, { scope, name }: RunnerLimit): boolean {
  return limit?.scope === scope && limit.name === name;
}
