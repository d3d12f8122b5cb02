// What all instances share of each monitor: who asks it next, how it stands, who drained it. One
// document each, and a fence at its places for takes.
//
// A drain is three steps, each of which holds by itself, so that it cannot be left half done: the
// last word (every snapshot carries it on), the fence (no take is sent), and the rows that are
// there (no claim is planned).
import { type Act, type ActRequest, actOf, actSchema, drainedBy, isInForce } from "../queue/acts.ts";
import type { ProfileCounts } from "../queue/fleet/fleet.ts";
import {
  beginIdlePolling,
  beginPoll,
  endIdlePolling,
  finishPoll,
  isAbandoned,
  type MonitorRecord,
  monitorRecordSchema,
  noRecord,
  type PollPace,
} from "../queue/fleet/monitor-record.ts";
import type { DashboardNews } from "../queue/fleet/monitors.ts";
import { drainOperation } from "../queue/operations/act.ts";
import { forgetMonitorOperation, snapshotOperation } from "../queue/operations/snapshot.ts";
import type { Store } from "../queue/store.ts";
import type { Documents } from "./running/documents.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

/** How long a monitor's record is kept that nobody writes, ms. */
export const recordKeptForMs = 3_600_000;
/** The document that says how a monitor stands, and the one that says whether it is drained. */
export const recordName = (monitor: string): string => `monitor/${monitor}`;
export const drainName = (monitor: string): string => `drain/${monitor}`;
/** What a monitor has of a profile that it shows no more. */
const nothing: ProfileCounts = { idle: 0, target: 0, healthy: 0 };

export type PollLease =
  /** ask this monitor now; `askedAt` is the store's clock */
  | { readonly kind: "ask"; readonly askedAt: number; readonly record: MonitorRecord }
  /** somebody else asks it; the next time may come in `waitMs` */
  | { readonly kind: "skip"; readonly record: MonitorRecord; readonly waitMs: number };

export interface MonitorView {
  readonly record: MonitorRecord;
  readonly drain: Act | null;
  /** how many takes came to what */
  readonly takes: Readonly<Record<string, number>>;
}

export interface MonitorBook {
  /**
   * At most one instance at a time gets "ask"; it must report by finishPoll. `holdMs` bounds how
   * long it may take.
   */
  beginPoll(monitor: string, pollId: string, holdMs: number, isPushed: boolean): Promise<PollLease>;
  /** What came of asking, for all instances. */
  finishPoll(monitor: string, askedAt: number, news: DashboardNews, pace: PollPace): Promise<MonitorRecord>;
  /**
   * Somebody waits for runners of a monitor that nobody waited for: it is asked at its usual pace,
   * `intervalMs`, again.
   */
  endIdlePolling(monitor: string, intervalMs: number): Promise<void>;
  /** Stops takes at a monitor, or lets them go on, in all its profiles. */
  drain(monitor: string, request: ActRequest): Promise<void>;
  /** Forgets a monitor that is no part of the fleet any more, in all its profiles. */
  forget(monitor: string): Promise<void>;
  /** From now on a monitor is not known for a profile that it shows no more. */
  forgetProfile(monitor: string, profileKey: string): Promise<void>;
  view(monitor: string): Promise<MonitorView>;
  /**
   * Whether each of these gave a dashboard since the store knows anything; names those that did
   * not.
   */
  silent(monitors: readonly string[]): Promise<readonly string[]>;
  /** Whether no instance asks the monitor any more. */
  isAbandoned(monitor: string): Promise<boolean>;
}

export function createMonitorBook(store: Store, documents: Documents, runner: OperationRunner): MonitorBook {
  /** the last word for which this instance saw the fence set */
  const fencedAt = new Map<string, number>();

  const changeRecord = async (monitor: string, change: (record: MonitorRecord, now: number) => MonitorRecord | null) =>
    await documents.change(recordName(monitor), monitorRecordSchema, recordKeptForMs, (known, now) =>
      change(known ?? noRecord, now),
    );
  const readRecord = async (monitor: string) => {
    const { value, now } = await documents.read(recordName(monitor), monitorRecordSchema);
    return { record: value ?? noRecord, now };
  };
  /**
   * Sets the fence by the last word. Where another word came meanwhile, it is set by that: the last
   * one to set it has read it.
   */
  const setFence = async (monitor: string, act: Act | null): Promise<void> => {
    for (let word = act; word !== null && fencedAt.get(monitor) !== word.at; ) {
      await store.fence(monitor, drainedBy(word).drainedUntil);
      fencedAt.set(monitor, word.at);
      const { value } = await documents.read(drainName(monitor), actSchema);
      word = value;
    }
  };

  /**
   * What a monitor says of each profile that it shows, or ever showed. Answers whether somebody
   * wants its news soon.
   */
  const saveSnapshots = async (
    monitor: string,
    askedAt: number,
    news: Exclude<DashboardNews, { kind: "redrawing" }>,
  ): Promise<boolean> => {
    const [{ record }, { value: act }] = await Promise.all([
      readRecord(monitor),
      documents.read(drainName(monitor), actSchema),
    ]);
    await setFence(monitor, act);
    const shown = news.kind === "snapshot" ? news.counts : new Map<string, ProfileCounts>();
    const wanted = await Promise.all(
      [...new Set([...Object.keys(record.profiles), ...shown.keys()])].map(async (profileKey) => {
        const counts = news.kind === "failed" ? null : (shown.get(profileKey) ?? nothing);
        return await runner.run(snapshotOperation({ profileKey, monitor, askedAt, counts, drained: drainedBy(act) }));
      }),
    );
    return wanted.includes(true);
  };

  return {
    beginPoll: async (monitor, pollId, holdMs, isPushed) => {
      const { value, now } = await changeRecord(monitor, (known, at) => beginPoll(known, pollId, holdMs, isPushed, at));
      const record = value ?? noRecord;
      if (record.pollId !== pollId) return { kind: "skip", record, waitMs: Math.max(0, record.nextAskAt - now) };
      return { kind: "ask", askedAt: record.begunAt, record };
    },
    finishPoll: async (monitor, askedAt, news, { nextInMs, idleInMs }) => {
      // the rows before the record: once a monitor counts as heard, its targets are known
      const isWanted = news.kind === "redrawing" || (await saveSnapshots(monitor, askedAt, news));
      const { value } = await changeRecord(monitor, (known, now) => finishPoll(known, askedAt, news, nextInMs, now));
      const record = value ?? noRecord;
      if (news.kind !== "snapshot" || isWanted) return record;
      const idle = await changeRecord(monitor, (known) => beginIdlePolling(known, askedAt, idleInMs));
      return idle.value ?? record;
    },
    endIdlePolling: async (monitor, intervalMs) => {
      await changeRecord(monitor, (known) => endIdlePolling(known, intervalMs));
    },
    drain: async (monitor, request) => {
      const { value: act } = await documents.change(drainName(monitor), actSchema, null, (known, now) => {
        // words that cross get times of their own, so that all rows agree on which was last
        const word = actOf(request, Math.max(now, (known?.at ?? 0) + 1));
        return request.kind === "end" ? { ...word, until: now } : word;
      });
      await setFence(monitor, act);
      const { record } = await readRecord(monitor);
      for (const profileKey of Object.keys(record.profiles)) {
        if (act !== null) await runner.run(drainOperation(profileKey, monitor, act, request));
      }
    },
    forget: async (monitor) => {
      const { record } = await readRecord(monitor);
      const profiles = new Set([...Object.keys(record.profiles), ...(await store.listProfiles())]);
      for (const profileKey of profiles) await runner.run(forgetMonitorOperation(profileKey, monitor));
      await changeRecord(monitor, () => noRecord);
    },
    forgetProfile: async (monitor, profileKey) => {
      await changeRecord(monitor, (record) => {
        if (!(profileKey in record.profiles)) return null;
        const { [profileKey]: _, ...profiles } = record.profiles;
        return { ...record, profiles };
      });
    },
    view: async (monitor) => {
      const [{ record, now }, { value: drain }, takes] = await Promise.all([
        readRecord(monitor),
        documents.read(drainName(monitor), actSchema),
        store.readResults(monitor),
      ]);
      return { record, drain: isInForce(drain, now) ? drain : null, takes };
    },
    silent: async (monitors) => {
      const records = await Promise.all(monitors.map(async (monitor) => [monitor, await readRecord(monitor)] as const));
      return records.filter(([, { record }]) => record.answeredAt === 0).map(([monitor]) => monitor);
    },
    isAbandoned: async (monitor) => {
      const { record, now } = await readRecord(monitor);
      return isAbandoned(record, now);
    },
  };
}
