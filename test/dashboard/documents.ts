// Documents as the queue would give them, for tests of what is made of them and for the picture in
// docs/dashboard.md: a quiet house, a busy day, and one in which every text that others write is
// meant to do harm.
import type {
  Dashboard,
  DashboardEnd,
  DashboardJob,
  DashboardMonitor,
  DashboardProfile,
  DashboardRunner,
} from "../../src/dashboard/dashboard-data.ts";

/** Of all documents here, unless they are told another. */
export const noon = "2026-11-21T12:00:00.000Z";

/** The time so many seconds before another. */
export function before(at: string, seconds: number): string {
  return new Date(Date.parse(at) - seconds * 1000).toISOString();
}

/** All is well, and nobody waits. */
export function quietDashboard(at = noon): Dashboard {
  return {
    at,
    version: "1.2.3",
    store: "redis",
    unique_ids: "whole",
    profiles: [profileOf({ profile_key: "linux" })],
    monitors: [monitorOf({ name: "ci0" })],
    running_count: 0,
    running: [],
    ends: [],
  };
}

export function profileOf(changes: Partial<DashboardProfile>): DashboardProfile {
  return {
    profile_key: "linux",
    paused: null,
    waiting: 0,
    runners_wanted: 0,
    oldest_waited_ms: null,
    capacity: { idle: 2, claimed: 0, available: 2, healthy: 4, target: 4 },
    jobs: [],
    chart: [],
    ...changes,
  };
}

export function jobOf(changes: Partial<DashboardJob>, waitedSeconds = 60, at = noon): DashboardJob {
  return {
    unique_id: "job-1",
    position: 1,
    state: "queued",
    reason: "no_capacity",
    qualified_repo: "servo/servo",
    run_id: "17204939581",
    run_url: `https://github.com/${changes.qualified_repo ?? "servo/servo"}/actions/runs/${changes.run_id ?? "17204939581"}`,
    runner_count: 1,
    runners_in_hand: 0,
    attempts: 0,
    enqueued_at: before(at, waitedSeconds),
    waited_ms: waitedSeconds * 1000,
    estimate: null,
    presence: "polls",
    last_poll_at: before(at, 3),
    monitors: [],
    ...changes,
  };
}

export function monitorOf(changes: Partial<DashboardMonitor>, at = noon): DashboardMonitor {
  return {
    name: "ci0",
    state: "fresh",
    answered_at: before(at, 1),
    fetches: false,
    failures: 0,
    next_ask_at: at,
    draining: null,
    backing_off_until: null,
    takes: { taken: 12 },
    profiles: [{ profile_key: "linux", idle: 2, claimed: 0, available: 2, healthy: 4, target: 4, refused_in_a_row: 0 }],
    ...changes,
  };
}

export function runnerOf(changes: Partial<DashboardRunner>, secondsAgo = 60, at = noon): DashboardRunner {
  return {
    runner: "ci0/41",
    runner_name: "linux.41@ci0",
    monitor: "ci0",
    state: "started",
    since: before(at, secondsAgo),
    profile_key: "linux",
    unique_id: "job-at-work",
    qualified_repo: "servo/servo",
    run_id: "17204939000",
    run_url: "https://github.com/servo/servo/actions/runs/17204939000",
    ...changes,
  };
}

export function endOf(changes: Partial<DashboardEnd>, secondsAgo = 60, at = noon): DashboardEnd {
  return {
    at: before(at, secondsAgo),
    what: "taken",
    profile_key: "linux",
    unique_id: `ended-${secondsAgo}`,
    qualified_repo: "servo/servo",
    run_id: "17204939000",
    run_url: "https://github.com/servo/servo/actions/runs/17204939000",
    runner_count: 1,
    attempts: 1,
    waited_ms: 61_000,
    monitors: [],
    runners: ["ci0/41"],
    runner_names: [],
    by: null,
    note: null,
    until: null,
    ...changes,
  };
}

/** More wait than the document lists: `waiting` says how many. */
export function crowdedDashboard(waiting: number, at = noon): Dashboard {
  const jobs = Array.from({ length: Math.min(100, waiting) }, (_, i) =>
    jobOf({ unique_id: `job-${i}`, position: i + 1, run_id: String(1000 + i) }, 5_000 - i, at),
  );
  return {
    ...quietDashboard(at),
    profiles: [profileOf({ waiting, runners_wanted: waiting, oldest_waited_ms: 5_000_000, jobs })],
  };
}
