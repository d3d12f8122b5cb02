// Jobs from before the store was lost, restarted or failed over: none is claimed before evidence
// shows that nothing is reserved for it, and evidence clears one after the other. So that the first
// to be cleared is not served before those ahead of it, it waits for them a little.

import { orderAfterLossMs, type QueueSettings, sendWithinMs } from "../settings.ts";
import type { Job } from "./job.ts";

/**
 * Whether the store may have forgotten a claim of this job: it is of another epoch, and nothing
 * cleared it since.
 */
export function isSuspect(job: Pick<Job, "clearedFor">, lostAt: number): boolean {
  return job.clearedFor !== lostAt;
}

/** Whether a cleared job counts those ahead of it that are not in line, as well. */
export function waitsForOthers(
  job: Pick<Job, "place" | "clearedFor">,
  lostAt: number,
  now: number,
  settings: Pick<QueueSettings, "monitorSettleMs">,
): boolean {
  const isOfBefore = job.place < lostAt * 1000 && !isSuspect(job, lostAt);
  const waitsForMs = sendWithinMs + settings.monitorSettleMs + orderAfterLossMs;
  // an epoch that begins ahead of the clock is of before it was set back: nobody waits that long
  return isOfBefore && now < lostAt + waitsForMs && now >= lostAt - waitsForMs;
}
