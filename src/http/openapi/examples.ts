// What the documents look like on a quiet day: the examples of the OpenAPI description. A test
// holds them against the schemas.
const place = { unique_id: "3f1c6a52-linux", profile_key: "linux" };
const run = { qualified_repo: "servo/servo", run_id: "6034512345" };
const at = "2026-11-21T12:00:00.000Z";
const capacity = { idle: 0, claimed: 1, available: 0, healthy: 4, target: 4 };

export const exampleJob = {
  ...place,
  state: "queued",
  position: 1,
  reason: "no_capacity",
  estimate: { low_seconds: 4, high_seconds: 62 },
  runner_count: 1,
  runners_in_hand: 0,
  ...run,
  class: null,
  attempts: 0,
  generation: 1,
  start: null,
  enqueued_at: at,
  waited_ms: 420,
};

export const exampleExpedited = { ...place, state: "queued", expedited: true, by: "ana", note: "release" };
export const exampleRerun = { ...place, state: "queued", generation: 2 };

export const exampleExplanation = {
  ...place,
  state: "queued",
  says: "has waited 1 min 20 s: 1 min 10 s no runner free, 10 s behind 4 runners of one job",
  waited_ms: 80_000,
  reason: "not_your_turn",
  rule: "fifo",
  flow: { repository: run.qualified_repo, class: null, weight: 1 },
  ahead: [{ flow: null, jobs: 1, runners: 4 }],
  position: 2,
  fifo_position: 2,
  may_still_pass: 0,
  limit: null,
  waits: [
    {
      reason: "no_capacity",
      since: at,
      lasted_ms: 70_000,
      jobs_ahead: 0,
      runners_ahead: 0,
      monitor: null,
      says: "no runner free",
    },
  ],
  tries: [
    { at, monitor: "ci0", outcome: "not_reserved", words: "null", times: 1, says: 'ci0 reserved nothing ("null")' },
  ],
  runners: [],
  runner_names: [],
};

export const exampleTicket =
  "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjNmMWM2YTUyLWxpbnV4IiwicHJvZmlsZSI6ImxpbnV4IiwiY291bnQiOjEsInJlcG8iOiJzZXJ2by9zZXJ2byIsInJ1biI6IjYwMzQ1MTIzNDUiLCJwbGFjZSI6MTc5NTI2MjQwMDAwMDAwMH0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

export const exampleBatch = {
  jobs: [
    { ...place, qualified_repo: run.qualified_repo },
    { unique_id: "3f1c6a52-mac", profile_key: "macos", qualified_repo: run.qualified_repo, max_wait: 600 },
  ],
};
export const exampleBatchAnswer = {
  jobs: [
    { unique_id: place.unique_id, ticket: exampleTicket },
    {
      unique_id: "3f1c6a52-mac",
      problem: {
        type: "urn:runner-queue:unsatisfiable",
        title: "The fleet has fewer runners of this profile than asked for",
        status: 422,
        code: "unsatisfiable",
        detail: "No monitor keeps this profile: check its name",
      },
    },
  ],
};

const exampleRunner = {
  id: 7,
  runner: { registration: { name: "linux.7", labels: [{ name: "reserved-for:3f1c6a52-linux" }] } },
};
export const exampleAnswers = {
  one: [exampleRunner],
  several: [exampleRunner, { ...exampleRunner, id: 8 }],
  bare: exampleRunner,
  failed: null,
};

export const exampleCancelled = { ...place, state: "cancelled" };

const act = { by: "ann", note: "disk is full", until: "2026-11-21T14:00:00.000Z" };
export const exampleMonitorAct = { monitor: "ci0", draining: true, ...act };
export const exampleForgotten = { forgotten: "ci9", ...act, until: null };
export const exampleProfileAct = { profile_key: "linux", paused: true, ...act };

const entry = {
  at,
  what: "taken",
  ...place,
  ...run,
  run_url: "https://github.com/servo/servo/actions/runs/6034512345",
  runner_count: 1,
  attempts: 1,
  waited_ms: 8_120,
  monitors: ["ci0"],
  runners: ["ci0/7"],
  runner_names: ["linux.7"],
  by: null,
  note: null,
  until: null,
};
export const exampleHistory = { entries: [entry] };

export const exampleDashboard = {
  at,
  version: "1.0.0",
  store: "redis",
  unique_ids: "whole",
  profiles: [
    {
      profile_key: "linux",
      paused: null,
      waiting: 1,
      runners_wanted: 1,
      oldest_waited_ms: 420,
      capacity,
      jobs: [
        {
          unique_id: place.unique_id,
          position: 1,
          state: "queued",
          reason: "no_capacity",
          ...run,
          run_url: entry.run_url,
          runner_count: 1,
          runners_in_hand: 0,
          attempts: 0,
          enqueued_at: at,
          waited_ms: 420,
          estimate: { low_seconds: 4, high_seconds: 62 },
          presence: "connected",
          last_poll_at: at,
          monitors: [],
        },
      ],
      chart: [{ at, waiting: 1, idle: 0 }],
    },
  ],
  monitors: [
    {
      name: "ci0",
      fetches: false,
      state: "fresh",
      answered_at: at,
      failures: 0,
      next_ask_at: at,
      draining: null,
      backing_off_until: null,
      takes: { taken: 12 },
      profiles: [{ profile_key: "linux", ...capacity, refused_in_a_row: 0 }],
    },
  ],
  running_count: 1,
  running: [
    {
      runner: "ci0/2",
      runner_name: "linux.2@ci0",
      monitor: "ci0",
      state: "started",
      since: at,
      profile_key: "linux",
      unique_id: place.unique_id,
      ...run,
      run_url: entry.run_url,
    },
  ],
  ends: [entry],
};

const endFigures = {
  served: 120,
  failed: 1,
  abandoned: 2,
  cancelled: 5,
  refused: 0,
  fell_back: 3,
  wait_p50_ms: 41_000,
  wait_p95_ms: 260_000,
};
const minuteFigures = { minutes_seen: 1440, mean_waiting: 2.4, mean_idle: 0.8, idle_beside_waiting_minutes: 14 };
export const exampleStats = {
  at,
  period: "day",
  from: at,
  step_minutes: 60,
  profiles_left_out: 0,
  profiles: [
    {
      profile_key: "linux",
      ...endFigures,
      ...minuteFigures,
      steps: [{ at, ...endFigures, ...minuteFigures }],
      repositories: [{ qualified_repo: run.qualified_repo, ...endFigures }],
    },
  ],
};

export const exampleStanding = {
  profile_key: place.profile_key,
  paused: false,
  waiting_jobs: 3,
  wanted_runners: 5,
  free_runners: 0,
  servable_runners: 12,
  estimate: { low_seconds: 40, high_seconds: 180 },
};
