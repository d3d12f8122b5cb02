// The rolls on which runners are counted for limits of the policy: one roll for each repository,
// owner and class that has a limit, over all profiles and instances. On a roll are names, never
// numbers:
//
//   a slot     <profile>/<unique_id>#<claim>.<n>   a runner that is being asked for, from before its
//                                                  claim to the claim's end
//   a runner   <monitor>/<id>                      a runner that is reserved or at work, renewed by
//                                                  each dashboard that shows it
//
// A slot is put on before its claim is written, a runner before its slot is taken off: so no more
// can be reserved than the limit says. A name that nobody renews leaves by itself, so a process
// that dies keeps room from others for a while, and for no longer.
import type { Job } from "../../queue/job/job.ts";
import { type RunnerLimit, runnerLimitsOf } from "../../queue/line/limit.ts";
import type { Policy } from "../../queue/policy/policy.ts";
import type { QueueSettings } from "../../queue/settings.ts";

type Member = Pick<Job, "qualifiedRepo" | "className">;

export function rollOf({ scope, name }: Pick<RunnerLimit, "scope" | "name">): string {
  return `runners/${scope}/${name}`;
}

/** Rolls on which the runners of a job are counted. */
export function rollsOf(policy: Policy | undefined, job: Member): readonly string[] {
  return runnerLimitsOf(policy, job).map(rollOf);
}

/** One name for each runner that a claim may bring. */
export function slotsOf(
  { profileKey, uniqueId }: Pick<Job, "profileKey" | "uniqueId">,
  claimId: string,
  runners: number,
) {
  return Array.from({ length: runners }, (_, n) => `${profileKey}/${uniqueId}#${claimId}.${n}`);
}

/**
 * How long a slot counts where its claim's end is never heard of, ms: until an unknown leg is given
 * up, and what it may have reserved is destroyed.
 */
export function slotKeptForMs(
  { unknownHoldMs, monitorReserveTimeoutMs }: Pick<QueueSettings, "unknownHoldMs" | "monitorReserveTimeoutMs">,
  runners: number,
): number {
  return unknownHoldMs + 2 * monitorReserveTimeoutMs + runners * 1_000;
}

/**
 * How long a runner counts that no dashboard shows, ms: it may be reserved, or may just have
 * started.
 */
export function runnerKeptForMs({
  monitorReserveTimeoutMs,
  startTimeoutMs,
}: Pick<QueueSettings, "monitorReserveTimeoutMs" | "startTimeoutMs">): number {
  return monitorReserveTimeoutMs + startTimeoutMs;
}

export const nobodyIsTooMany = Number.MAX_SAFE_INTEGER;
