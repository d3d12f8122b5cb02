// What the operator's view shows, as one document: loaded from the store at most once a second
// however many look, and the same in every instance.
import type { Administration } from "../dispatch/administration.ts";
import type { MonitorView } from "../dispatch/monitor-book.ts";
import { writeEstimate } from "../http/problem.ts";
import type { Act } from "../queue/acts.ts";
import { sumCapacity } from "../queue/fleet/capacity.ts";
import { type FleetRow, isBlocked } from "../queue/fleet/fleet.ts";
import { isHeardFresh } from "../queue/fleet/monitor-record.ts";
import type { HistoryEntry } from "../queue/history.ts";
import { enqueuedAt } from "../queue/job/job.ts";
import { presenceKindOf } from "../queue/job/presence.ts";
import type { ListedJob, ProfileOverview } from "../queue/operations/inspect.ts";
import type { QueueSettings } from "../queue/settings.ts";
import { runUrlOf } from "./run-url.ts";
import { describeRunning } from "./running-runners.ts";

/** Jobs of a line that are shown; the rest is counted. */
export const shownJobs = 100;
const shownEnds = 100;
/** Runners at work that are shown; the rest is counted. */
const shownRunning = 200;
/** How long a document is shown to all who ask. */
const keptMs = 1_000;
const endStates = new Set(["taken", "failed", "abandoned", "cancelled"]);

export interface DashboardDeps {
  readonly administration: Administration;
  readonly settings: QueueSettings;
  readonly monitors: () => readonly string[];
  /** those of them that fetch their takes */
  readonly fetchingMonitors: () => readonly string[];
  /** where people look at runs, such as https://github.com */
  readonly githubUrl: string;
  readonly version: string;
  readonly storeKind: "embedded" | "redis";
}

export type Dashboard = Awaited<ReturnType<typeof loadDashboard>>;
export type DashboardProfile = Dashboard["profiles"][number];
export type DashboardJob = DashboardProfile["jobs"][number];
export type DashboardMonitor = Dashboard["monitors"][number];
export type DashboardEnd = Dashboard["ends"][number];
export type DashboardRunner = Dashboard["running"][number];

export interface DashboardLoader {
  readonly load: () => Promise<Dashboard>;
  /** Something was done: whoever looks next sees it. */
  readonly forget: () => void;
}

/** Shares one load among all who ask within a second. Throws StoreUnavailable. */
export function createDashboardLoader(deps: DashboardDeps): DashboardLoader {
  let current: { readonly at: number; readonly dashboard: Promise<Dashboard> } | undefined;
  const load = (): Promise<Dashboard> => {
    const now = performance.now();
    if (current !== undefined && now - current.at < keptMs) return current.dashboard;
    const begun = { at: now, dashboard: loadDashboard(deps) };
    current = begun;
    begun.dashboard.catch(() => {
      if (current === begun) current = undefined;
    });
    return begun.dashboard;
  };
  return {
    load,
    forget: () => {
      current = undefined;
    },
  };
}

async function loadDashboard(deps: DashboardDeps) {
  const { administration, settings } = deps;
  const keys = [...(await administration.profiles())].sort();
  const views = await Promise.all(
    keys.map(async (key) => [key, await administration.overview(key, shownJobs)] as const),
  );
  const histories = await Promise.all(
    keys.map(async (key) => [key, await administration.history(key, 5 * shownEnds)] as const),
  );
  const monitors = await Promise.all(
    deps.monitors().map(async (name) => [name, await administration.monitor(name)] as const),
  );
  const fetching = deps.fetchingMonitors();
  const atWork = await administration.running();
  const now = Math.max(0, ...views.map(([, view]) => view.now)) || Date.now();
  const given = {
    entries: histories.flatMap(([key, entries]) => entries.map((entry) => [key, entry] as const)),
    answeredAt: new Map(monitors.map(([name, { record }]) => [name, record.answeredAt])),
  };
  const running = describeRunning(atWork, given, now, deps.githubUrl);
  return {
    at: isoTime(now),
    version: deps.version,
    store: deps.storeKind,
    /** shortened for strangers, by shortened-ids.ts */
    unique_ids: "whole" as "whole" | "shortened",
    profiles: views.map(([key, view]) => describeProfile(key, view, settings, deps.githubUrl)),
    monitors: monitors.map(([name, view]) =>
      describeMonitor(name, view, views, now, settings, fetching.includes(name)),
    ),
    /** runners that are reserved for jobs, or busy with them */
    running_count: running.length,
    running: running.slice(0, shownRunning),
    ends: histories
      .flatMap(([key, entries]) => entries.filter(({ what }) => endStates.has(what)).map((entry) => ({ key, entry })))
      .sort((a, b) => b.entry.at - a.entry.at)
      .slice(0, shownEnds)
      .map(({ key, entry }) => describeEntry(key, entry, deps.githubUrl)),
  };
}

export function describeProfile(profileKey: string, view: ProfileOverview, settings: QueueSettings, githubUrl: string) {
  const { now, oldestPlace } = view;
  return {
    profile_key: profileKey,
    paused: describeAct(view.paused),
    waiting: view.waitingJobs,
    runners_wanted: view.wantedRunners,
    oldest_waited_ms: oldestPlace === null ? null : Math.max(0, now - enqueuedAt(oldestPlace)),
    capacity: sumCapacity(view.capacity.rows.values(), now, settings.snapshotFreshMs),
    jobs: view.jobs.map((job) => describeJob(job, now, githubUrl)),
    chart: view.chart.map(([minute, waiting, idle]) => ({ at: isoTime(minute * 60_000), waiting, idle })),
  };
}

function describeJob({ job, position, reason, estimate }: ListedJob, now: number, githubUrl: string) {
  return {
    unique_id: job.uniqueId,
    position,
    state: job.state,
    reason,
    estimate: writeEstimate(estimate),
    qualified_repo: job.qualifiedRepo,
    run_id: job.runId,
    run_url: runUrlOf(githubUrl, job.qualifiedRepo, job.runId),
    runner_count: job.runnerCount,
    runners_in_hand: job.runnersInHand?.length ?? 0,
    attempts: job.attempts,
    enqueued_at: isoTime(enqueuedAt(job.place)),
    waited_ms: Math.max(0, now - enqueuedAt(job.place)),
    /** connected: its request is held. github: nobody polls, GitHub says that it waits */
    presence: presenceKindOf(job, now),
    last_poll_at: job.heardAt === 0 ? null : isoTime(job.heardAt),
    monitors: job.claim === undefined || job.state !== "claimed" ? [] : job.claim.legs.map(({ monitor }) => monitor),
  };
}

function describeMonitor(
  name: string,
  view: MonitorView,
  views: readonly (readonly [string, ProfileOverview])[],
  now: number,
  settings: QueueSettings,
  isFetching: boolean,
) {
  const { record, drain, takes } = view;
  const { nextAskAt } = record;
  const rows = views.flatMap(([profileKey, { capacity }]): (readonly [string, FleetRow])[] => {
    const row = capacity.rows.get(name);
    return row === undefined ? [] : [[profileKey, row]];
  });
  const isHeard = isHeardFresh(record, now, settings.snapshotFreshMs);
  const state = record.askedAt === 0 ? "unknown" : record.failures > 0 ? "failing" : isHeard ? "fresh" : "stale";
  const blockedUntil = Math.max(0, ...rows.map(([, row]) => (isBlocked(row, now) ? row.blockedUntil : 0)));
  return {
    name,
    /** it fetches its takes; others are called */
    fetches: isFetching,
    state: state as "unknown" | "failing" | "fresh" | "stale",
    /** of the last dashboard that it gave */
    answered_at: record.answeredAt === 0 ? null : isoTime(record.answeredAt),
    failures: record.failures,
    next_ask_at: nextAskAt === 0 ? null : isoTime(nextAskAt),
    draining: describeAct(drain),
    /** takes wait until then, after refusals */
    backing_off_until: blockedUntil > now ? isoTime(blockedUntil) : null,
    takes,
    profiles: rows.map(([profile_key, row]) => ({
      profile_key,
      ...sumCapacity([row], now, settings.snapshotFreshMs),
      /** takes; one that succeeds ends it */
      refused_in_a_row: row.refusals,
    })),
  };
}

/** An entry of the history, for people and scripts. */
export function describeEntry(profileKey: string, entry: HistoryEntry, githubUrl: string) {
  const { id, repo, run } = entry;
  return {
    at: isoTime(entry.at),
    what: entry.what,
    profile_key: profileKey,
    unique_id: id ?? null,
    qualified_repo: repo ?? null,
    run_id: run ?? null,
    run_url: repo === undefined || run === undefined ? null : runUrlOf(githubUrl, repo, run),
    runner_count: entry.count ?? null,
    attempts: entry.attempts ?? null,
    waited_ms: entry.waitedMs ?? null,
    monitors: entry.monitors ?? [],
    runners: entry.runners ?? [],
    runner_names: entry.names ?? [],
    by: entry.by ?? null,
    note: entry.note ?? null,
    until: entry.until === undefined ? null : isoTime(entry.until),
  };
}

function describeAct(act: Act | null) {
  if (act === null) return null;
  return { by: act.by, note: act.note, at: isoTime(act.at), until: act.until === null ? null : isoTime(act.until) };
}

function isoTime(ms: number): string {
  return new Date(Math.min(ms, 8_640_000_000_000_000)).toISOString();
}
