// The log: pino JSON lines on stdout. Only fields named here are ever written, so that no ticket,
// token or header can get in; redaction is the second net.
import { type DestinationStream, pino } from "pino";
import type { DeliveryOutcome, Observe, QueueEvent } from "./queue/events.ts";
import type { Ticket } from "./queue/job/job.ts";
import { StoreUnavailable } from "./queue/store.ts";

export type Log = pino.Logger;

/** @param stream where lines go; stdout where it is not given */
export function createLog(level: string, stream?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    redact: ["authorization", "Authorization", "token", "*.authorization", "*.Authorization", "*.token"],
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    // On Workers pino is its browser's build, which prints objects and redacts nothing but what
    // these fields leave.
    browser: {
      asObject: true,
      formatters: { level: (label: string) => ({ level: label }) },
      write: (line: object) => console.log(JSON.stringify(line)),
    },
  };
  return stream === undefined ? pino(options) : pino(options, stream);
}

/**
 * Deliveries to the webhook that somebody should look into; the first of each within a minute is
 * logged.
 */
const badDeliveries = [
  "signature_missing",
  "signature_wrong",
  "malformed",
  "too_large",
  "other_run",
  "unknown_profile",
  "too_old",
  "full",
] as const satisfies readonly DeliveryOutcome[];

/** Refused proofs of one code that are logged within a minute; all are counted (metrics). */
const maxRefusalLines = 30;

/** Writes one structured line per event. */
export function createEventLog(log: Log): Observe {
  const lastAt = new Map<string, number>();
  /**
   * Whether this was not said within the last minute: what strangers can bring about must not fill
   * the log.
   */
  const isNews = (text: string): boolean => {
    const isRecent = Date.now() - (lastAt.get(text) ?? 0) < 60_000;
    if (!isRecent) lastAt.set(text, Date.now());
    return !isRecent;
  };
  const refusals = new Map<string, { readonly from: number; count: number }>();
  /**
   * Whether it is one of the first refusals of this code within a minute: strangers have tokens and
   * artifacts without end.
   */
  const isAmongFirst = (code: string): boolean => {
    const counted = refusals.get(code);
    if (counted === undefined || Date.now() - counted.from >= 60_000) {
      refusals.set(code, { from: Date.now(), count: 1 });
      return true;
    }
    counted.count++;
    return counted.count <= maxRefusalLines;
  };
  return function logEvent(event) {
    switch (event.kind) {
      case "enqueued":
      case "readmitted":
        return log.info(fieldsOf(event.job), event.kind);
      case "cancelled":
        return log.info({ ...fieldsOf(event.job), waitedMs: event.waitedMs, by: event.by }, event.kind);
      case "expedited":
        return log.warn({ ...fieldsOf(event.job), by: event.by, note: event.note }, event.kind);
      case "rerun":
        return log.info({ ...fieldsOf(event.job), generation: event.generation }, event.kind);
      case "started":
        return log.info({ ...fieldsOf(event.job), tookMs: event.tookMs }, event.kind);
      case "start_lost":
        return log.warn(
          { ...fieldsOf(event.job), runners: event.runners, isServedAgain: event.isServedAgain },
          "start_lost: the reserved runners are gone or idle, and GitHub still waits for them",
        );
      case "reservation_unused":
        return log.info({ ...fieldsOf(event.job), runners: event.runners }, event.kind);
      case "drained":
      case "forgot_monitor":
      case "resumed":
        return log.warn({ monitor: event.what, ...actFieldsOf(event) }, event.kind);
      case "paused":
      case "unpaused":
      case "forgot_profile":
        return log.warn({ profileKey: event.what, ...actFieldsOf(event) }, event.kind);
      case "claimed":
        return log.info(
          { ...fieldsOf(event.job), attempt: event.attempt, monitors: event.legs.map(({ monitor }) => monitor) },
          event.kind,
        );
      case "leg":
        return log.info(
          {
            ...fieldsOf(event.job),
            monitor: event.monitor,
            outcome: event.outcome,
            detail: event.detail,
            tookMs: event.tookMs,
          },
          event.kind,
        );
      case "taken":
        return log.info({ ...fieldsOf(event.job), waitedMs: event.waitedMs }, event.kind);
      case "failed":
        return log.warn({ ...fieldsOf(event.job), waitedMs: event.waitedMs }, event.kind);
      case "abandoned":
        return log.info({ ...fieldsOf(event.job), waitedMs: event.waitedMs }, event.kind);
      case "reconciled":
        return log.info({ ...fieldsOf(event.job), monitor: event.monitor, verdict: event.verdict }, event.kind);
      case "leaked":
        return log.error(
          {
            uniqueId: event.uniqueId,
            profileKey: event.profileKey,
            runners: event.runners,
            unlistedRunners: event.unlistedRunners,
          },
          "leaked: reserved runners that no job will use",
        );
      case "ambiguous_reservation":
        return log.warn(
          { ...fieldsOf(event.job), monitor: event.monitor, runners: event.runners },
          "ambiguous_reservation: the monitor shows runners reserved for several jobs; they prove nothing",
        );
      case "rejected_by_monitor":
        return log.error(
          { monitor: event.monitor },
          "the monitor rejects our token or route: check MONITOR_API_TOKEN and MONITORS",
        );
      case "monitor_up":
        return log.info({ monitor: event.monitor, url: event.url }, event.kind);
      case "monitor_down":
        return log.warn({ monitor: event.monitor, url: event.url, why: event.why }, event.kind);
      case "collector_away":
        return log.warn({ why: event.why }, "collector_away: spans wait for it, and the oldest are dropped");
      case "collector_back":
        return log.info(event.kind);
      case "monitor_forgotten":
        return log.warn({ monitor: event.monitor }, "monitor_forgotten: no instance asks it any more");
      case "monitor_not_ours":
        return log[isNews(`${event.kind} ${event.monitor}`) ? "warn" : "debug"](
          { monitor: event.monitor },
          "a job's turn has come at a monitor that this instance does not know: give all instances the same MONITORS",
        );
      case "interrupted":
        return log.warn(
          { silentMs: event.silentMs },
          "nobody could be heard for a while, or the clock was set: every job has its time anew",
        );
      case "all_silent":
        return log.error(
          { profileKey: event.profileKey, jobs: event.jobs },
          "all who wait fell silent together: check the way to this service; nobody is abandoned until one of them is heard",
        );
      case "enqueue_answered":
      case "poll_answered":
      case "settled":
      case "fetched":
      case "monitor_polled":
        return;
      case "github_asked":
        return log.debug({ outcome: event.outcome }, "github_asked: what came of asking about a run");
      case "github_budget":
        return log.debug(
          { account: event.account, remaining: event.remaining, limit: event.limit, resetAt: event.resetAt },
          event.kind,
        );
      case "github_delivery": {
        const isBad = badDeliveries.some((one) => one === event.outcome);
        return log[isBad && isNews(`${event.kind} ${event.outcome}`) ? "warn" : "debug"](
          { outcome: event.outcome },
          "github_delivery: what came to the webhook",
        );
      }
      case "github_trouble":
        return log[isNews(`${event.kind} ${event.why}`) ? "warn" : "debug"]({ why: event.why }, event.kind);
      case "rejected_by_github":
        return log[isNews(event.kind) ? "error" : "debug"](
          { status: event.status },
          "GitHub rejects our credentials: check GITHUB_TOKEN or the App and its permissions (Actions: read)",
        );
      case "proof_refused": {
        const { uniqueId, qualifiedRepo, runId } = event.request;
        const level = isAmongFirst(event.code) ? "info" : "debug";
        return log[level]({ uniqueId, qualifiedRepo, runId, code: event.code }, event.kind);
      }
      case "store_up":
        return log.info(event.kind);
      case "store_down":
        return log.error(
          { why: event.why },
          "store_down: Redis does not serve (why says its word); check REDIS_URL. Retrying",
        );
      case "trouble":
        // store_down has said it once; every command that fails meanwhile is noise
        if (event.error instanceof StoreUnavailable) return log.debug({ where: event.where }, "store unavailable");
        return log[
          isNews(`${event.kind} ${event.where} ${event.profileKey ?? ""} ${nameOf(event.error)}`) ? "error" : "debug"
        ]({ where: event.where, profileKey: event.profileKey, error: describeError(event) }, event.kind);
    }
  };
}

function fieldsOf(job: Ticket) {
  const { uniqueId, profileKey, qualifiedRepo, runId, runnerCount } = job;
  return { uniqueId, profileKey, qualifiedRepo, runId, runnerCount };
}

function actFieldsOf({ by, note, until }: { by: string; note: string; until: number | null }) {
  return { by, note, until: until === null ? null : new Date(until).toISOString() };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/**
 * Name and code of an error, and the stack only where the bug is ours: messages of libraries may
 * quote what they were given.
 */
function describeError({ error }: Extract<QueueEvent, { kind: "trouble" }>): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code } = error as { code?: unknown };
  const cause = error.cause instanceof Error ? error.cause.name : undefined;
  const frames = error.stack
    ?.split("\n")
    .filter((line) => line.startsWith("    at "))
    .slice(0, 8);
  return { name: error.name, code: typeof code === "string" ? code : undefined, cause, frames };
}
