// How a job stands in a line that is shared, as a document and as a sentence.
import type { Job } from "../../queue/job/job.ts";
import type { Ahead } from "../../queue/line/line.ts";
import type { Flow, ShareStanding } from "../../queue/operations/explain-share.ts";
import { countOf } from "../words.ts";

/** @param shares null: one line in order of enqueue, in which those ahead are not told apart */
export function describeRule(job: Job, position: number | null, ahead: Ahead | null, shares: ShareStanding | null) {
  if (shares === null) {
    return {
      rule: "fifo" as const,
      flow: { repository: job.qualifiedRepo, class: job.className ?? null, weight: 1 },
      ahead: ahead === null ? [] : [{ flow: null, jobs: ahead.jobs, runners: ahead.runners }],
      position,
      fifo_position: position,
      may_still_pass: 0,
    };
  }
  return {
    rule: "fair_share" as const,
    flow: describeFlow(shares.flow),
    ahead: shares.ahead.map(({ flow, jobs, runners }) => ({
      flow: flow === null ? null : describeFlow(flow),
      jobs,
      runners,
    })),
    position: shares.position,
    fifo_position: shares.fifoPosition,
    may_still_pass: shares.mayPass.reduce((sum, { jobs }) => sum + jobs, 0),
    may_pass: shares.mayPass.map(({ flow, jobs }) => ({ flow: describeFlow(flow), jobs })),
    may_pass_of_newcomer: shares.mayPassOfNewcomer,
  };
}

/**
 * "3 jobs of servo/servo (weight 3) may still pass it; by plain order of enqueue it would be 14th,
 * here it is 6th"
 */
export function describeShares(shares: ShareStanding | null): string[] {
  if (shares === null || shares.position === null || shares.fifoPosition === null) return [];
  const passes = shares.mayPass.map(
    ({ flow, jobs }) => `${countOf(jobs, "job")} of ${flow.repository} (weight ${flow.weight}) may still pass it`,
  );
  const [mine, plain] = [ordinal(shares.position), ordinal(shares.fifoPosition)];
  const order =
    mine === plain
      ? `it is ${mine}, as by plain order of enqueue`
      : `by plain order of enqueue it would be ${plain}, here it is ${mine}`;
  return [`${[...passes, order].join("; ")}.`];
}

function describeFlow({ repository, className, weight, rule }: Flow) {
  return { repository, class: className, weight, rule };
}

function ordinal(position: number): string {
  const lastTwo = position % 100;
  const endings = ["th", "st", "nd", "rd"];
  const isTeen = lastTwo >= 11 && lastTwo <= 13;
  return `${position}${isTeen ? "th" : (endings[position % 10] ?? "th")}`;
}
