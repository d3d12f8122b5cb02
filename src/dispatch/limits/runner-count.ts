// Runners that dashboards show as reserved or at work are counted for the repository, owner and class
// of the job that they serve, as long as they are shown. Where the policy limits nobody's runners,
// nothing is counted, and no store is asked.
import { LRUCache } from "lru-cache";
import { growingTo } from "../../bounded-cache.ts";
import type { Clock } from "../../clock.ts";
import type { Observe } from "../../queue/events.ts";
import type { ShownRunner } from "../../queue/fleet/monitors.ts";
import type { Job } from "../../queue/job/job.ts";
import { limitsRunners } from "../../queue/line/limit.ts";
import { inspectOperation } from "../../queue/operations/inspect.ts";
import type { Policy } from "../../queue/policy/policy.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { Store } from "../../queue/store.ts";
import type { IdBooking } from "../id-booking.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import type { CountedMonitors } from "./counted-monitors.ts";
import { nobodyIsTooMany, rollsOf, runnerKeptForMs } from "./runner-rolls.ts";

/** So often what is still shown is written anew, ms. */
const renewEveryMs = 15_000;
/** A job's repository and class do not change while its runner is at work. */
const jobKnownForMs = 60_000;
const maxJobsKnown = 5_000;

interface Counted {
  readonly uniqueId: string;
  readonly rolls: readonly string[];
  readonly at: number;
}

export interface RunnerCountDeps {
  readonly store: Pick<Store, "enrol" | "strike">;
  readonly booking: Pick<IdBooking, "find">;
  readonly runner: Pick<OperationRunner, "run">;
  readonly countedMonitors: CountedMonitors;
  readonly policy: () => Policy | undefined;
  readonly settings: Pick<QueueSettings, "monitorReserveTimeoutMs" | "startTimeoutMs">;
  readonly clock: Clock;
  readonly observe: Observe;
}

export interface RunnerCount {
  /** A job was given its runners: the store may forget it before a dashboard shows them. */
  noteTaken(job: Job): void;
  /** What a monitor shows of its runners, whenever it was asked. */
  noteRunners(monitor: string, runners: readonly ShownRunner[]): void;
}

export function createRunnerCount(deps: RunnerCountDeps): RunnerCount {
  const { store, booking, runner, countedMonitors, policy, settings, clock, observe } = deps;
  /** by monitor and runner, what this instance counted */
  const counted = new Map<string, Map<string, Counted>>();
  /** when this instance noted last that a monitor is counted */
  const notedAt = new Map<string, number>();
  const underWay = new Set<string>();
  const jobs = new LRUCache<string, { readonly job: Job | null }>({ ...growingTo(maxJobsKnown), ttl: jobKnownForMs });

  const findJob = async (uniqueId: string): Promise<Job | null> => {
    const known = jobs.get(uniqueId.toLowerCase());
    if (known !== undefined) return known.job;
    const booked = await booking.find(uniqueId);
    const reply = booked === null ? null : await runner.run(inspectOperation(booked.profileKey, booked.uniqueId, null));
    const job = reply === null || reply.kind === "unknown" ? null : reply.job;
    jobs.set(uniqueId.toLowerCase(), { job });
    return job;
  };
  const strike = async (name: string, rolls: readonly string[]): Promise<void> => {
    for (const roll of rolls) await store.strike(roll, [name]);
  };
  const count = async (monitor: string, runners: readonly ShownRunner[]): Promise<void> => {
    const known = counted.get(monitor) ?? new Map<string, Counted>();
    counted.set(monitor, known);
    const shown = new Set<string>();
    // not where the policy has changed, or the store lost what was counted
    const isCounted = await countedMonitors.has(monitor);
    for (const { id, reservedFor } of runners) {
      const [uniqueId] = reservedFor;
      // one that is reserved for two jobs serves neither
      if (uniqueId === undefined || reservedFor.length !== 1) continue;
      shown.add(id);
      const last = known.get(id);
      const isTheirs = last?.uniqueId === uniqueId;
      if (isCounted && isTheirs && clock.now() - last.at < renewEveryMs) continue;
      const job = await findJob(uniqueId);
      // a job that the store has lost serves whom it served
      const rolls = job !== null ? rollsOf(policy(), job) : isTheirs ? last.rolls : [];
      const name = `${monitor}/${id}`;
      for (const roll of rolls) await store.enrol(roll, name, nobodyIsTooMany, runnerKeptForMs(settings));
      known.set(id, { uniqueId, rolls, at: clock.now() });
      await strike(name, last?.rolls.filter((roll) => !rolls.includes(roll)) ?? []);
    }
    for (const [id, { rolls }] of known) {
      if (shown.has(id)) continue;
      known.delete(id);
      await strike(`${monitor}/${id}`, rolls);
    }
    if (isCounted && clock.now() - (notedAt.get(monitor) ?? 0) < renewEveryMs) return;
    await countedMonitors.note(monitor);
    notedAt.set(monitor, clock.now());
  };

  return {
    noteTaken: (job) => void jobs.set(job.uniqueId.toLowerCase(), { job }),
    noteRunners: (monitor, runners) => {
      if (!limitsRunners(policy())) return counted.clear();
      // one at a time: what changes meanwhile comes with the next dashboard
      if (underWay.has(monitor)) return;
      underWay.add(monitor);
      count(monitor, runners)
        .catch((error: unknown) => observe({ kind: "trouble", where: "limits", error }))
        .finally(() => underWay.delete(monitor));
    },
  };
}
