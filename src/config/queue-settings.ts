// The figures that the rules of the queue work with, as the settings say them.
import type { Config } from "../config.ts";
import { canAskGithub } from "../github/connection.ts";
import type { QueueSettings } from "../queue/settings.ts";

/**
 * A snapshot counts as capacity for this long, or for five intervals where those are longer: a
 * monitor redraws for some seconds after a take.
 */
const shortestFreshMs = 10_000;

/** The figures that the rules work with. */
export function queueSettingsOf(config: Config): QueueSettings {
  return {
    abandonAfterMs: config.ABANDON_AFTER,
    retryAfterMs: config.RETRY_AFTER,
    presenceGraceMs: config.PRESENCE_GRACE,
    touchIntervalMs: Math.min(config.TOUCH_INTERVAL, Math.floor(config.ABANDON_AFTER / 6)),
    answerTtlMs: config.ANSWER_TTL,
    tombstoneTtlMs: config.TOMBSTONE_TTL,
    ticketMaxAgeMs: config.TICKET_MAX_AGE,
    monitorSettleMs: config.MONITOR_SETTLE,
    unknownHoldMs: config.UNKNOWN_HOLD,
    holdTimeoutMs: config.HOLD_TIMEOUT,
    monitorReserveTimeoutMs: config.MONITOR_RESERVE_TIMEOUT,
    monitorMaxInflight: config.MONITOR_MAX_INFLIGHT,
    maxAttempts: config.MAX_ATTEMPTS,
    maxQueueDepth: config.MAX_QUEUE_DEPTH ?? null,
    maxJobsPerRun: config.MAX_JOBS_PER_RUN,
    maxJobsPerRepo: config.MAX_JOBS_PER_REPO,
    maxRememberedJobs: config.MAX_REMEMBERED_JOBS,
    snapshotFreshMs: Math.max(shortestFreshMs, 5 * config.MONITOR_POLL_INTERVAL),
    historyKeepMs: config.HISTORY_KEEP,
    rerunMemoryMs: isGithubConnected(config) ? config.RERUN_MEMORY : 0,
    detachedMaxWaitMs: config.DETACHED_MAX_WAIT,
    startWatch: isGithubConnected(config) ? config.START_WATCH : "off",
    startTimeoutMs: config.START_TIMEOUT,
    maxRestarts: config.MAX_RESTARTS,
    offerTtlMs: config.OFFER_TTL,
    pullPresenceMs: config.PULL_PRESENCE,
  };
}

/** Whether GitHub's word on its jobs can reach us. */
export function isGithubConnected(config: Config): boolean {
  return config.GITHUB_WEBHOOK_SECRETS !== undefined || canAskGithub(config);
}
