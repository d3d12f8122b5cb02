// Whether one more job may begin, by what is counted over all profiles. Two limits hold callers who
// speak for one repository; the third keeps what is remembered of jobs that are over in bounds,
// whoever enqueues.
import type { QueueSettings } from "./settings.ts";

export const admissionRefusals = ["run_full", "repository_full", "too_many_remembered"] as const;
export type AdmissionRefusal = (typeof admissionRefusals)[number];

/** Jobs that are over and remembered. */
export interface Remembered {
  readonly all: number;
  readonly ofRepository: number;
}

/**
 * Once as many are remembered as the limit allows, repositories that made more than a hundredth of
 * it wait until some are forgotten; the others go on, up to twice the limit. So whoever fills the
 * memory is held back, and hardly anybody else.
 */
export function isMemoryFull(
  { all, ofRepository }: Remembered,
  { maxRememberedJobs }: Pick<QueueSettings, "maxRememberedJobs">,
): boolean {
  if (all < maxRememberedJobs) return false;
  return all >= 2 * maxRememberedJobs || ofRepository > maxRememberedJobs / 100;
}
