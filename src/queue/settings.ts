// The figures that the rules of the queue work with, all in milliseconds unless they count
// something. The environment fills QueueSettings; rules only read them.

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
  /** A monitor destroys a reserved runner that nobody used after this. */
  readonly monitorReserveTimeoutMs: number;
  readonly monitorMaxInflight: number;
  readonly maxAttempts: number;
  /** null: no limit */
  readonly maxQueueDepth: number | null;
  /**
   * Of callers who speak for one repository: jobs of one run, and of one repository, that wait or
   * are being asked for.
   */
  readonly maxJobsPerRun: number;
  readonly maxJobsPerRepo: number;
  /** Jobs that are over and remembered. */
  readonly maxRememberedJobs: number;
  /** How old a snapshot may be and still count as capacity. */
  readonly snapshotFreshMs: number;
  /** How long it is known what a re-run asks for again; 0: GitHub's word does not reach us. */
  readonly rerunMemoryMs: number;
  /** How long a job waits for which nobody polls. */
  readonly detachedMaxWaitMs: number;
  /**
   * Whether it is watched that reserved runners get their jobs, and whether a lost start is served
   * again.
   */
  readonly startWatch: "off" | "report" | "act";
  readonly startTimeoutMs: number;
  readonly maxRestarts: number;
  /** How long a leg is offered to a monitor that fetches its takes. */
  readonly offerTtlMs: number;
  /** One that has not fetched for this long, and declared no more, is away. */
  readonly pullPresenceMs: number;
  /** How long the figures over time are kept. */
  readonly historyKeepMs: number;
}

/** A claim whose owner has not renewed it for this long is somebody else's to finish. */
export const claimLeaseMs = 5_000;
/**
 * A leg leaves within this time of its claim or not at all (a process may have been paused in
 * between).
 */
export const sendWithinMs = 2_000;
/**
 * A monitor that fetches begins to reserve within this time of sending its accept, or not at all.
 * We count from recording the accept, which is later.
 */
export const beginWithinMs = 2_000;
/**
 * An accept whose reply was lost may be repeated for so long: the runner is as old as the first one. Later its monitor
 * hears that it is withdrawn; what it reserved all the same, it lists.
 */
export const repeatWithinMs = 20_000;
/**
 * A monitor that refused our credentials or our route is left alone this long: our configuration is
 * wrong.
 */
export const rejectedBackoffMs = 60_000;
/** The longest back-off of a monitor that keeps refusing takes. */
export const maxTakeBackoffMs = 30_000;
/** A monitor to which a leg could not be sent - its places were taken - is left out this long. */
export const unsentBackoffMs = 1_000;
/**
 * Targets of a monitor that nobody has heard of for this long do not say that a job can be served
 * now.
 */
export const targetMemoryMs = 60_000;
/**
 * An unsettled leg stops counting at its monitor this long after it should have been given up,
 * whatever became of it.
 */
export const legMemoryMs = 60_000;
/** Between "evidence counts" and "evidence is given up" there is at least this. */
export const minEvidenceMs = 10_000;
/** What a monitor needs longer for every further runner; the same that a take's time-out allows. */
export const settlePerRunnerMs = 1_000;

/** From when evidence of a leg that is claimed at `at` counts, and until when it is waited for, ms. */
export function legTimes(
  runners: number,
  at: number,
  { monitorSettleMs, unknownHoldMs }: Pick<QueueSettings, "monitorSettleMs" | "unknownHoldMs">,
): { readonly evidenceAfter: number; readonly holdUntil: number } {
  const sentBy = at + sendWithinMs;
  const evidenceAfter = sentBy + monitorSettleMs + (runners - 1) * settlePerRunnerMs;
  return { evidenceAfter, holdUntil: Math.max(sentBy + unknownHoldMs, evidenceAfter + minEvidenceMs) };
}
/**
 * After a loss, cleared jobs of before wait so much longer for those ahead that are not, so that
 * the line keeps its order.
 */
export const orderAfterLossMs = 5_000;
/** A monitor that nobody has heard of for this long is no part of the fleet any more. */
export const forgetMonitorAfterMs = 3_600_000;
/**
 * A commit whose load is older than this is refused: time itself may have changed what was decided.
 */
export const maxCommitAgeMs = 1_000;
/**
 * Clocks of the masters of one cluster may differ by this; a time further ahead than this comes
 * from a clock that was set back.
 */
export const clockToleranceMs = 2_000;
/** The longest time that a waiting client is told to stay away: a third of ABANDON_AFTER. */
export function maxRetryAfterMs({ abandonAfterMs }: Pick<QueueSettings, "abandonAfterMs">): number {
  return Math.max(1, Math.floor(abandonAfterMs / 3000)) * 1000;
}
