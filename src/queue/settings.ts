// The figures that the rules of the queue work with, all in milliseconds unless they count something.
// config.ts fills them from the environment; stores and rules only read them.

export interface QueueSettings {
  readonly abandonAfterMs: number;
  readonly retryAfterMs: number;
  readonly presenceGraceMs: number;
  /** At most a sixth of abandonAfterMs, so that unwritten polls cannot hide a present job. */
  readonly touchIntervalMs: number;
  readonly answerTtlMs: number;
  readonly tombstoneTtlMs: number;
  readonly ticketMaxAgeMs: number;
  readonly monitorSettleMs: number;
  readonly unknownHoldMs: number;
  readonly holdTimeoutMs: number;
  readonly monitorMaxInflight: number;
  readonly maxAttempts: number;
  readonly maxQueueDepth: number | null;
  /** How old a snapshot may be and still count as capacity. */
  readonly snapshotFreshMs: number;
}

/** A claim whose owner has not renewed it for this long is somebody else's to finish. */
export const claimLeaseMs = 5_000;
/** A leg leaves within this time of its claim or not at all (a process may have been paused in between). */
export const sendWithinMs = 2_000;
/** A monitor that refused our credentials or our route is left alone this long: our configuration is wrong. */
export const rejectedBackoffMs = 60_000;
/** Longest back-off of a monitor that keeps refusing takes. */
export const takeBackoffMaxMs = 30_000;
/** A monitor to which a leg could not be sent - its places were taken - is left out this long. */
export const unsentBackoffMs = 1_000;
/** Targets of a monitor that nobody has heard of for this long do not say that a job can be served now. */
export const targetMemoryMs = 60_000;
/** An unsettled leg stops counting at its monitor this long after it should have been given up, whatever became of it. */
export const legMemoryMs = 60_000;
/** Between "evidence counts" and "evidence is given up" there is at least this. */
export const leastEvidenceMs = 10_000;
/** What a monitor needs longer for every further runner; the same that a take's time-out allows. */
export const settlePerRunnerMs = 1_000;
/** After a loss, jobs of before that are cleared wait so much longer for those ahead of them that are not, so that the line keeps its order. */
export const orderAfterLossMs = 5_000;
/** A monitor that nobody has heard of for this long no longer counts as part of the fleet. */
export const forgetMonitorAfterMs = 3_600_000;
