// Why each job of a line waits, as an operator sees it: the same rules that a poll goes by, applied to a whole view at once.
import { isInForce } from "./acts.ts";
import { isSuspect } from "./after-loss.ts";
import { reasonOfClaim } from "./claim.ts";
import { availableRunners, type Fleet, legsOut, servableRunners } from "./fleet.ts";
import { type Job, neededRunners } from "./job.ts";
import type { ProfileView } from "./ports.ts";
import { decideTurn, type WaitReason } from "./rank-gate.ts";
import type { QueueSettings } from "./settings.ts";

/** Why a live job waits, and how many runners have to come free before its turn, as in a Turn. */
export interface Outlook {
  /** "asleep": its next poll is overdue, so it holds nobody back. "your_turn": its next poll will claim */
  readonly reason: WaitReason | "asleep" | "your_turn";
  readonly runnersBefore: number | null;
}

export interface JobView {
  readonly uniqueId: string;
  readonly job: Job;
  /** 1 = next; null while it is claimed */
  readonly position: number | null;
  readonly reason: Outlook["reason"];
}

/** @param rank runners that the present, servable jobs ahead of it need */
export function explainJob(
  job: Job,
  rank: number,
  { now, fleet, lostAt, paused }: Pick<ProfileView, "now" | "fleet" | "lostAt" | "paused">,
  settings: QueueSettings,
): Outlook {
  const because = (reason: Outlook["reason"]): Outlook => ({ reason, runnersBefore: null });
  if (job.state === "claimed") return because(reasonOfClaim(job, now));
  if (!job.awake) return because("asleep");
  if (isSuspect(job, lostAt)) return because("reconciling");
  if (isInForce(paused, now)) return because("profile_paused");
  const turn = decideTurn(fleet, neededRunners(job), rank, now, settings);
  return turn.kind === "claim" ? { reason: "your_turn", runnersBefore: 0 } : turn;
}

/** The listed jobs of a view, each with its position and why it waits. */
export function explainLine(view: ProfileView, settings: QueueSettings): readonly JobView[] {
  const { now, fleet, lostAt } = view;
  const servable = servableRunners(fleet, now);
  let jobsAhead = 0;
  let rank = 0;
  return view.jobs.map(({ uniqueId, job }): JobView => {
    const { reason } = explainJob(job, rank, view, settings);
    if (job.state === "claimed") return { uniqueId, job, position: null, reason };
    const position = jobsAhead + 1;
    const needed = neededRunners(job);
    if (job.awake && !isSuspect(job, lostAt) && needed <= servable) {
      jobsAhead += 1;
      rank += needed;
    }
    return { uniqueId, job, position, reason };
  });
}

export interface Capacity {
  /** what the monitors with a fresh snapshot call idle */
  readonly idle: number;
  /** asked for, or reserved and not yet visible in a snapshot */
  readonly claimed: number;
  /** what may be claimed now */
  readonly available: number;
  readonly healthy: number;
  readonly target: number;
}

/** How one monitor, or all of a fleet, stand for a profile. */
export function sumCapacity(fleet: Fleet, now: number, freshMs: number): Capacity {
  let [idle, claimed, available, healthy, target] = [0, 0, 0, 0, 0];
  for (const row of Object.values(fleet)) {
    const isFresh = !row.failing && row.askedAt + freshMs >= now;
    idle += isFresh ? row.idle : 0;
    healthy += isFresh ? row.healthy : 0;
    claimed += legsOut(row, now).reduce((sum, [, runners]) => sum + runners, 0);
    claimed += row.settled.reduce((sum, [, runners]) => sum + runners, 0);
    available += availableRunners(row, now, freshMs);
    target += row.target;
  }
  return { idle, claimed, available, healthy, target };
}
