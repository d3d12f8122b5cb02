// Why a job waits, as its owner and operators see it: the same rules that a poll goes by.
import { isInForce } from "../acts.ts";
import { isSuspect } from "../job/after-loss.ts";
import { reasonOfClaim } from "../job/claim.ts";
import { type Job, neededRunners } from "../job/job.ts";
import type { ProfileView } from "../profile.ts";
import { decideTurn, type WaitReason } from "./turn.ts";

/** Why a live job waits, and how many runners have to come free before its turn, as in a Turn. */
export interface Outlook {
  /**
   * "asleep": its next poll is overdue, so it holds nobody back. "stands_aside": runners that were
   * let go still carry its label, or every monitor refused it. "your_turn": its next poll will
   * claim
   */
  readonly reason: WaitReason | "asleep" | "stands_aside" | "your_turn";
  readonly runnersBefore: number | null;
}

/** @param rank runners that the present, servable jobs ahead of it need */
export function explainJob(
  job: Job,
  rank: number,
  view: Pick<ProfileView, "now" | "capacity" | "lostAt" | "head" | "settings">,
): Outlook {
  const { now, capacity, lostAt, head, settings } = view;
  const because = (reason: Outlook["reason"]): Outlook => ({ reason, runnersBefore: null });
  if (job.state === "claimed") return because(reasonOfClaim(job, now));
  if (!job.isPresent) return because("asleep");
  if (isSuspect(job, lostAt)) return because("reconciling");
  if (job.asideUntil !== undefined && job.asideUntil > now) {
    return because(job.limit === undefined ? "stands_aside" : "repository_limit");
  }
  if (isInForce(head.paused, now)) return because("profile_paused");
  const turn = decideTurn(capacity, neededRunners(job), rank, now, settings, () => true);
  if (turn.kind === "claim") return { reason: "your_turn", runnersBefore: 0 };
  return { reason: turn.reason, runnersBefore: turn.runnersBefore };
}
