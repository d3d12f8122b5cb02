// Why a job waited and what monitors said, in words: one stretch, one try, and the whole as a
// sentence.
import { describeDuration } from "../../duration.ts";
import type { Try } from "../../queue/job/why/tries.ts";
import type { WaitStretch } from "../../queue/job/why/waits.ts";
import type { HeldBy } from "../../queue/line/limit.ts";
import { countOf, formatCount } from "../words.ts";

/** "behind 4 runners of one job" */
export function describeStretch([, reason, jobs, runners, monitor]: WaitStretch): string {
  switch (reason) {
    case "no_capacity":
      return monitor === "" ? `no runner free${describeAhead(jobs, runners)}` : `${monitor} drained`;
    case "not_your_turn":
      return monitor === "" ? describeAhead(jobs, runners).trim() || "not its turn" : `${monitor} drained`;
    case "monitors_busy":
      return "its turn, the monitors busy";
    case "monitor_refuses":
      return `${monitor === "" ? "a monitor" : monitor} refusing`;
    case "unsatisfiable_now":
      return monitor === "" ? "too few runners in the fleet" : `${monitor} drained`;
    case "fleet_unknown":
      return "no monitor heard of";
    case "profile_paused":
      return "the profile paused";
    case "claim_in_flight":
      return "asking for runners";
    case "reconciling":
      return "checking what is reserved";
    case "repository_limit":
      return "as many runners at work as it may have";
    case "asleep":
      return "nobody asking for it";
    default:
      return reason;
  }
}

function describeAhead(jobs: number, runners: number): string {
  return jobs === 0 ? "" : ` behind ${countOf(runners, "runner")} of ${jobs === 1 ? "one job" : countOf(jobs, "job")}`;
}

const outcomeWords: ReadonlyMap<string, string> = new Map([
  ["taken", "gave its runner"],
  ["rejected", "rejected our token or route"],
  ["unreachable", "could not be reached"],
  ["not_reserved", "reserved nothing"],
  ["no_evidence", "did not show whether it reserved anything"],
  ["unsent", "was not asked after all"],
  ["undecided", "was not needed any more"],
]);

/** `ci0 reserved nothing ("null"), 5 times` */
export function describeTry([, monitor, outcome, words, times]: Try): string {
  const said = words === "" ? "" : ` ("${words}")`;
  return `${monitor} ${outcomeWords.get(outcome) ?? outcome}${said}${times === 1 ? "" : `, ${formatCount(times)} times`}`;
}

/** "12 of the 10 runners that servo/servo may have are in use", where that holds the job back. */
export function describeLimit(limit: HeldBy | undefined, needed: number): string[] {
  if (limit === undefined) return [];
  const whose = limit.scope === "class" ? `class ${limit.name}` : limit.name;
  const { inUse, maxRunners } = limit;
  if (needed > maxRunners) {
    return [`It asks for ${countOf(needed, "runner")}, and ${whose} may have ${formatCount(maxRunners)} by now.`];
  }
  return [`${formatCount(inUse)} of the ${countOf(maxRunners, "runner")} that ${whose} may have are in use.`];
}

/** "2 min", for "2 min 0 s" */
function describeSpan(ms: number): string {
  return describeDuration(ms).replace(/ 0 \w+$/, "");
}

/** What an operator did for it, as the end of its sentence; empty where that is nothing. */
export function describeExpedited(expeditedAt: number | undefined, beganAt: number): string {
  if (expeditedAt === undefined) return "";
  return `; put to the front by an operator after ${describeSpan(Math.max(0, expeditedAt - beganAt))}`;
}

/** How a job ended, or that it did not; `lasted` in the order of the stretches. */
export function describeWhy(
  state: string,
  waitedMs: number,
  stretches: readonly { readonly says: string; readonly lastedMs: number }[],
  tries: readonly Try[],
): string {
  const isLive = state === "queued" || state === "claimed";
  const waited = `${isLive ? "has waited" : "waited"} ${describeSpan(waitedMs)}`;
  // what took less than a second explains nothing, but what goes on
  const told = stretches.filter(({ lastedMs }, at) => lastedMs >= 1000 || (isLive && at === stretches.length - 1));
  const why = told.map(({ says, lastedMs }) => `${describeSpan(lastedMs)} ${says}`).join(", ");
  const end = isLive ? "" : `; then ${state}`;
  const refusals = tries.filter(([, , outcome]) => outcome !== "taken" && outcome !== "unsent");
  const blame = state === "failed" && refusals.length > 0 ? `: ${refusals.map(describeTry).join("; ")}` : "";
  return `${waited}${why === "" ? "" : `: ${why}`}${end}${blame}`;
}
