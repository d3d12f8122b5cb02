// Jobs from before the store was lost, restarted or failed over: none is claimed before evidence shows that nothing is reserved for it, and evidence clears
// one after the other. So that the first to be cleared is not served before those ahead of it, it waits for them a little.
import type { Job } from "./job.ts";
import { orderAfterLossMs, type QueueSettings, sendWithinMs } from "./settings.ts";

/** Whether the store may have forgotten a claim of this job. */
export function isSuspect(job: Pick<Job, "place" | "clearedFor">, lostAt: number): boolean {
  return job.place < lostAt * 1000 && job.clearedFor !== lostAt;
}

/** Whether a cleared job counts those ahead of it that are not in line, as well. */
export function waitsForOthers(job: Job, lostAt: number, now: number, settings: QueueSettings): boolean {
  const isOfBefore = job.place < lostAt * 1000 && !isSuspect(job, lostAt);
  return isOfBefore && now < lostAt + sendWithinMs + settings.monitorSettleMs + orderAfterLossMs;
}
