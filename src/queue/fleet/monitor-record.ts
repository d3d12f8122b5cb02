// What all instances know of a monitor beside its profiles' rows: when it was asked, by whom, and
// how it stands.
//
//   idle --- nextAskAt has come, or it was pushed ---> asked --- it answered, or failed ---> idle
//                                                        \--- the asker died: nextAskAt comes ---> asked
import { z } from "zod";
import { clockToleranceMs, forgetMonitorAfterMs } from "../settings.ts";
import type { DashboardNews } from "./monitors.ts";
import { pullRecordSchema } from "./pull-record.ts";

export const monitorRecordSchema = z.object({
  /** store clock, ms, when it was asked last; 0: never */
  askedAt: z.number(),
  /** the last time it gave a dashboard; 0: never */
  answeredAt: z.number(),
  /** dashboards that failed in a row */
  failures: z.number(),
  /** by profile, when it showed it last */
  profiles: z.record(z.string(), z.number()),
  nextAskAt: z.number(),
  begunAt: z.number(),
  pollId: z.string(),
  /** nobody waits for its runners: it is asked at a slower pace */
  isIdlePolling: z.boolean(),
  /** it fetches its takes; absent: it is called */
  pull: pullRecordSchema.optional(),
});
export type MonitorRecord = z.infer<typeof monitorRecordSchema>;

export const noRecord: MonitorRecord = {
  askedAt: 0,
  answeredAt: 0,
  failures: 0,
  profiles: {},
  nextAskAt: 0,
  begunAt: 0,
  pollId: "",
  isIdlePolling: false,
};

/** A monitor that keeps inventing profiles is believed so many. */
const maxProfilesPerMonitor = 1_000;
/** Between two polls that it pushed for. */
const minPushMs = 100;

/** How often a monitor is asked, ms: usually, and where nobody waits for its runners. */
export interface PollPace {
  readonly nextInMs: number;
  readonly idleInMs: number;
}

/**
 * The record once this instance asks, or null where it is not its turn: at most one does at a time.
 */
export function beginPoll(
  record: MonitorRecord,
  pollId: string,
  holdMs: number,
  isPushed: boolean,
  now: number,
): MonitorRecord | null {
  // a monitor that pushes without end is heard ten times a second, and one that fails when its time
  // has come
  const isHeard = isPushed && record.begunAt + minPushMs <= now && record.failures === 0;
  // begun ahead of now: the clock was set back since, and so is the time of the next one
  const isEarly = record.nextAskAt > now && record.begunAt <= now + clockToleranceMs;
  if (isEarly && record.pollId !== pollId && !isHeard) return null;
  return { ...record, nextAskAt: now + holdMs, begunAt: now, pollId, isIdlePolling: false };
}

/** The record after what came of asking; reporting twice counts once. */
export function finishPoll(
  record: MonitorRecord,
  askedAt: number,
  news: DashboardNews,
  nextInMs: number,
  now: number,
): MonitorRecord {
  const shown = news.kind === "snapshot" ? [...news.counts.keys()] : [];
  return {
    ...record,
    askedAt,
    answeredAt: news.kind === "snapshot" ? askedAt : record.answeredAt,
    failures: news.kind !== "failed" ? 0 : record.askedAt === askedAt ? record.failures : record.failures + 1,
    profiles: withProfiles(record.profiles, shown, askedAt, now),
    nextAskAt: now + nextInMs,
  };
}

/** The profiles that a monitor showed, with those that it shows now; it is not known for one for ever. */
export function withProfiles(
  known: MonitorRecord["profiles"],
  shown: readonly string[],
  shownAt: number,
  now: number,
): MonitorRecord["profiles"] {
  const isKept = ([, at]: [string, number]) => at + forgetMonitorAfterMs > now && at <= now + clockToleranceMs;
  const kept = Object.entries(known).filter(isKept);
  const profiles = new Map([...kept, ...shown.map((profileKey): [string, number] => [profileKey, shownAt])]);
  return Object.fromEntries([...profiles].slice(-maxProfilesPerMonitor));
}

/** Nobody waits for its runners: it is asked again in `idleInMs`, counted from the last time. */
export function beginIdlePolling(record: MonitorRecord, askedAt: number, idleInMs: number): MonitorRecord | null {
  if (record.askedAt !== askedAt) return null;
  return { ...record, nextAskAt: askedAt + idleInMs, isIdlePolling: true };
}

/** Somebody waits for its runners again: it is asked at its usual pace. */
export function endIdlePolling(record: MonitorRecord, intervalMs: number): MonitorRecord | null {
  return record.isIdlePolling ? { ...record, nextAskAt: record.askedAt + intervalMs, isIdlePolling: false } : null;
}

/** Whether what the monitor last said still counts: it answered lately, or declared to be there. */
export function isHeardFresh({ answeredAt, pull }: MonitorRecord, now: number, freshMs: number): boolean {
  return pull === undefined ? answeredAt > 0 && answeredAt + freshMs >= now : pull.presentUntil >= now;
}

/** After this nobody asks the monitor any more: no instance has it in MONITORS. */
const abandonedAfterMs = 120_000;

/** Whether nobody asks a monitor any more. */
export function isAbandoned(record: MonitorRecord, now: number): boolean {
  return Math.max(record.askedAt, record.begunAt) + abandonedAfterMs <= now;
}
