// A busy day in a house of five hosts, as the queue would tell it: the document behind the picture
// in docs/dashboard.md. No two calls differ.
import type {
  Dashboard,
  DashboardEnd,
  DashboardJob,
  DashboardMonitor,
  DashboardProfile,
  DashboardRunner,
} from "../../src/dashboard/dashboard-data.ts";
import { before, endOf, jobOf, monitorOf, noon, profileOf, runnerOf } from "./documents.ts";

const hosts = ["ci0", "ci1", "ci2", "ci3", "ci4"];
const repos = [
  "servo/servo",
  "servo/servo",
  "servo/servo",
  "servo/stylo",
  "servo/mozjs",
  "servo/webrender",
  "jdm/servo",
];
const firstRun = 17_204_939_000;

/** @param at the document's time */
export function busyDay(at = noon): Dashboard {
  return {
    at,
    version: "1.0.0",
    store: "redis",
    unique_ids: "shortened",
    profiles: [macos(at), linux(at), benchmarks(at), windows(at)],
    monitors: monitors(at),
    running_count: running(at).length,
    running: running(at),
    ends: ends(at),
  };
}

function macos(at: string): DashboardProfile {
  return profileOf({
    profile_key: "servo-macos13",
    paused: { by: "mara", note: "new Xcode image, back by lunch", at: before(at, 2_400), until: before(at, -2_700) },
    waiting: 2,
    runners_wanted: 2,
    capacity: { idle: 3, claimed: 0, available: 3, healthy: 4, target: 4 },
    jobs: [1, 2].map((position) =>
      jobOf({ ...caller(60 + position), position, reason: "profile_paused" }, 900 - 310 * position, at),
    ),
    chart: chartOf(
      at,
      (minute) => (minute < 42 ? 0 : minute < 50 ? 1 : 2),
      (minute) => (minute < 20 ? 2 : 3),
    ),
  });
}

function linux(at: string): DashboardProfile {
  const claimed = { position: null, state: "claimed", estimate: null } as const;
  const jobs = Array.from({ length: 31 }, (_, i): DashboardJob => {
    const waited = Math.round(760 - i * 23.7 - (i % 3) * 4);
    const estimate = { low_seconds: 4 + i * 7, high_seconds: 50 + i * 19 };
    const presence = i % 5 === 3 ? "polls" : "connected";
    const known = { ...caller(i), position: Math.max(1, i - 1), estimate, presence } as const;
    const job = jobOf({ ...known, reason: "not_your_turn" }, waited, at);
    if (i === 0) {
      return { ...job, ...claimed, reason: "reconciling", attempts: 2, monitors: ["ci3"] };
    }
    if (i === 1) return { ...job, ...claimed, reason: "claim_in_flight", attempts: 1, monitors: ["ci1"] };
    if (i === 2) return { ...job, reason: "your_turn" };
    if (i === 4) return { ...job, runner_count: 3, runners_in_hand: 2, attempts: 1 };
    if (i === 7) return { ...job, reason: "asleep", presence: "polls", estimate: null, last_poll_at: before(at, 27) };
    return i % 6 === 5 ? { ...job, runner_count: 2 } : job;
  });
  return profileOf({
    profile_key: "servo-ubuntu2204",
    waiting: 29,
    runners_wanted: 36,
    capacity: { idle: 3, claimed: 2, available: 2, healthy: 22, target: 26 },
    jobs,
    chart: chartOf(
      at,
      (minute) => Math.max(0, Math.round(minute * 0.55 + 5 * Math.sin(minute / 5) - 0.5)),
      (minute) => Math.max(0, Math.round(11 - minute * 0.12 + 2 * Math.cos(minute / 4))),
    ),
  });
}

function benchmarks(at: string): DashboardProfile {
  return profileOf({
    profile_key: "servo-ubuntu2204-bench",
    capacity: { idle: 2, claimed: 0, available: 2, healthy: 2, target: 2 },
    chart: chartOf(
      at,
      (minute) => (minute === 30 || minute === 31 ? 1 : 0),
      (minute) => (minute > 24 && minute < 40 ? 0 : 2),
    ),
  });
}

function windows(at: string): DashboardProfile {
  const jobs = [
    jobOf({ ...caller(70), reason: "no_capacity" }, 402, at),
    jobOf({ ...caller(71), position: 2, runner_count: 12, reason: "unsatisfiable_now" }, 318, at),
    jobOf({ ...caller(72), position: 2, reason: "no_capacity" }, 97, at),
    jobOf({ ...caller(73), position: 3, reason: "no_capacity", last_poll_at: null }, 1, at),
  ];
  return profileOf({
    profile_key: "servo-windows10",
    waiting: 4,
    runners_wanted: 15,
    capacity: { idle: 0, claimed: 0, available: 0, healthy: 9, target: 10 },
    jobs,
    chart: chartOf(
      at,
      (minute) => (minute < 30 ? (minute % 7 === 0 ? 1 : 0) : 1 + Math.floor((minute - 30) / 9)),
      (minute) => (minute < 34 ? 3 - (minute % 4) : 0),
    ),
  });
}

function monitors(at: string): DashboardMonitor[] {
  const counts = (name: string, rows: readonly (readonly [string, number, number, number, number])[]) => ({
    name,
    profiles: rows.map(([profile_key, idle, claimed, healthy, target]) => ({
      profile_key,
      idle,
      claimed,
      available: Math.max(0, idle - claimed),
      healthy,
      target,
      refused_in_a_row: 0,
    })),
  });
  return [
    monitorOf({
      ...counts("ci0", [
        ["servo-ubuntu2204", 1, 0, 7, 7],
        ["servo-windows10", 0, 0, 5, 5],
      ]),
      takes: { taken: 412, unknown: 2 },
    }),
    monitorOf({
      ...counts("ci1", [
        ["servo-ubuntu2204", 2, 1, 8, 8],
        ["servo-ubuntu2204-bench", 2, 0, 2, 2],
      ]),
      takes: { taken: 388 },
    }),
    monitorOf({
      ...counts("ci2", [
        ["servo-ubuntu2204", 0, 0, 7, 7],
        ["servo-windows10", 0, 0, 4, 5],
      ]),
      draining: {
        by: "delan",
        note: "kernel update, reboot when its runners are done",
        at: before(at, 1_500),
        until: null,
      },
      takes: { taken: 297, unreachable: 1 },
    }),
    monitorOf({
      ...counts("ci3", [["servo-ubuntu2204", 0, 1, 0, 4]]),
      state: "failing",
      answered_at: before(at, 251),
      failures: 9,
      next_ask_at: before(at, -17),
      takes: { taken: 101, unreachable: 4, silent: 1 },
    }),
    monitorOf({ ...counts("ci4", [["servo-macos13", 3, 0, 4, 4]]), takes: { taken: 54 } }),
  ];
}

/** One that does not start, two that are about to, and some that have. */
function running(at: string): DashboardRunner[] {
  const hostOf = (i: number) => (i % 4 === 3 ? "ci4" : (hosts[i % 3] ?? "ci0"));
  return Array.from({ length: 16 }, (_, i) => {
    const { unique_id, qualified_repo, run_id, run_url } = caller(220 - i * 3);
    const id = String(4312 - i);
    const profile_key = i % 4 === 3 ? "servo-macos13" : "servo-ubuntu2204";
    const known = { unique_id, qualified_repo, run_id, run_url, profile_key, monitor: hostOf(i) };
    const named = { runner: `${hostOf(i)}/${id}`, runner_name: `ci-runner-${profile_key}.${id}@${hostOf(i)}` };
    const state = i === 0 ? "lost" : i < 3 ? "starting" : "started";
    return runnerOf({ ...known, ...named, state }, i === 0 ? 74 : i < 3 ? 11 * i : 40 + i * 131, at);
  });
}

function ends(at: string): DashboardEnd[] {
  const profiles = ["servo-ubuntu2204", "servo-ubuntu2204", "servo-windows10", "servo-ubuntu2204", "servo-macos13"];
  return Array.from({ length: 40 }, (_, i): DashboardEnd => {
    const { unique_id, qualified_repo, run_id, run_url } = caller(200 - i * 3);
    const profile_key = profiles[i % profiles.length] ?? "";
    const names =
      profile_key === "servo-macos13"
        ? [`ci4/${310 - i}`, `ci4/${309 - i}`]
        : [`${hosts[i % 3]}/${4310 - i}`, `${hosts[(i + 1) % 3]}/${2207 - i}`];
    const runner_count = i % 9 === 4 ? 2 : 1;
    const known = {
      unique_id,
      qualified_repo,
      run_id,
      run_url,
      profile_key,
      runner_count,
      waited_ms: 4_000 + ((i * 37_219) % 540_000),
    };
    const secondsAgo = 9 + i * 31 + (i % 4) * 7;
    if (i === 3) return endOf({ ...known, what: "abandoned", runners: [], attempts: 0 }, secondsAgo, at);
    if (i === 6) return endOf({ ...known, what: "cancelled", runners: [], attempts: 0 }, secondsAgo, at);
    if (i === 11) return endOf({ ...known, what: "failed", runners: [], attempts: 5 }, secondsAgo, at);
    return endOf({ ...known, runners: names.slice(0, runner_count), attempts: i === 8 ? 2 : 1 }, secondsAgo, at);
  });
}

function caller(number: number) {
  const qualified_repo = repos[number % repos.length] ?? "servo/servo";
  const run_id = String(firstRun + number * 417);
  const run_url = `https://github.com/${qualified_repo}/actions/runs/${run_id}`;
  const unique_id = ((number * 2_654_435_761 + 0x3c6ef372) % 2 ** 32).toString(16).padStart(8, "0");
  return { unique_id, qualified_repo, run_id, run_url };
}

/** An hour, oldest first; minute 0 is an hour ago. */
function chartOf(at: string, waitingAt: (minute: number) => number, idleAt: (minute: number) => number) {
  return Array.from({ length: 60 }, (_, minute) => ({
    at: before(`${at.slice(0, 16)}:00.000Z`, (59 - minute) * 60),
    waiting: waitingAt(minute),
    idle: idleAt(minute),
  }));
}
