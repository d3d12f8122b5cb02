// The environment: every name and default of the design, all problems at once, and never a secret
// in a message.
import { expect, it } from "vitest";
import { describeSettings, parseConfig } from "../../src/config.ts";

const least = { MONITORS: "http://127.0.0.1:1", API_TOKENS: "t" };

it("has the defaults of the design", () => {
  const parsed = parseConfig(least);
  expect(parsed).toMatchObject({
    kind: "config",
    config: {
      HOST: ["127.0.0.1"],
      PORT: 8002,
      BASE_PATH: "/",
      REDIS_PREFIX: "rq",
      MAX_WAIT: 25_000,
      MAX_QUEUE_DEPTH: 100_000,
      MAX_JOBS_PER_RUN: 256,
      MAX_JOBS_PER_REPO: 5_000,
      MAX_REMEMBERED_JOBS: 200_000,
      MONITOR_RESERVE_TIMEOUT: 60_000,
      HISTORY_KEEP: 7 * 86_400_000,
      TRUSTED_PROXIES: [],
      MONITOR_TOKENS: [],
      OFFER_TTL: 5_000,
      PULL_PRESENCE: 10_000,
      RERUN_MEMORY: 30 * 86_400_000,
      START_WATCH: "report",
      START_TIMEOUT: 60_000,
      MAX_RESTARTS: 2,
      DETACHED_MAX_WAIT: 86_400_000,
      LOG_FORMAT: "json",
      ABANDON_AFTER: 30_000,
      RETRY_AFTER: 5000,
      PRESENCE_GRACE: 3000,
      TOUCH_INTERVAL: 5000,
      ANSWER_TTL: 45_000,
      TOMBSTONE_TTL: 3_600_000,
      TICKET_MAX_AGE: 3_600_000,
      MONITOR_POLL_INTERVAL: 1000,
      MONITOR_POLL_TIMEOUT: 1500,
      MONITOR_TAKE_TIMEOUT: 22_000,
      MONITOR_SETTLE: 25_000,
      UNKNOWN_HOLD: 90_000,
      HOLD_TIMEOUT: 30_000,
      MONITOR_MAX_INFLIGHT: 2,
      MAX_ATTEMPTS: 5,
      MAX_RUNNER_COUNT: 100,
      LOG_LEVEL: "info",
      ARTIFACT_PREFIX: "servo-ci-runners_",
      ARTIFACT_MAX_AGE: 300_000,
      ALLOWED_REPOS: [],
      GITHUB_API_URL: "https://api.github.com",
      OIDC_ISSUER: ["https://token.actions.githubusercontent.com"],
      API_TOKENS: ["t"],
      SCOPED_API_TOKENS: [],
    },
  });
});

it("knows every setting of the design, and no other", () => {
  const names = describeSettings().map(({ name }) => name);
  expect(names.toSorted()).toEqual(
    [
      "HOST PORT BASE_PATH REDIS_URL REDIS_PREFIX DATA_FILE CONFIG_FILE MONITORS API_TOKENS MONITOR_API_TOKEN",
      "MONITOR_TOKENS OPERATOR_TOKENS DASHBOARD_TOKEN GITHUB_API_URL GITHUB_TOKEN GITHUB_APP_ID",
      "GITHUB_APP_PRIVATE_KEY GITHUB_WEBHOOK_SECRETS ALLOWED_REPOS ARTIFACT_PREFIX ARTIFACT_MAX_AGE OIDC_AUDIENCE",
      "OIDC_ISSUER ABANDON_AFTER RETRY_AFTER MAX_WAIT PRESENCE_GRACE TOUCH_INTERVAL ANSWER_TTL TOMBSTONE_TTL",
      "TICKET_MAX_AGE MONITOR_POLL_INTERVAL MONITOR_POLL_TIMEOUT MONITOR_TAKE_TIMEOUT MONITOR_SETTLE UNKNOWN_HOLD",
      "HOLD_TIMEOUT MONITOR_MAX_INFLIGHT MAX_ATTEMPTS MAX_RUNNER_COUNT MAX_QUEUE_DEPTH MAX_JOBS_PER_RUN",
      "MAX_JOBS_PER_REPO MAX_REMEMBERED_JOBS MONITOR_RESERVE_TIMEOUT HISTORY_KEEP TRUSTED_PROXIES TICKET_KEYS",
      "OTEL_EXPORTER_OTLP_ENDPOINT OFFER_TTL PULL_PRESENCE RERUN_MEMORY START_WATCH START_TIMEOUT MAX_RESTARTS",
      "DETACHED_MAX_WAIT POLICY_FILE LOG_LEVEL LOG_FORMAT",
    ]
      .join(" ")
      .split(" ")
      .toSorted(),
  );
});

it("no depth of the line is a limit where MAX_QUEUE_DEPTH is 0", () => {
  const parsed = parseConfig({ ...least, MAX_QUEUE_DEPTH: "0" });
  expect(parsed.kind === "config" && parsed.config.MAX_QUEUE_DEPTH).toBe(undefined);
});

it("a duration that a timer cannot wait for is refused, for it would fire at once", () => {
  expect(parseConfig({ ...least, MONITOR_POLL_INTERVAL: "30d" })).toMatchObject({
    problems: ["MONITOR_POLL_INTERVAL must be at most 24d"],
  });
  expect(parseConfig({ ...least, RERUN_MEMORY: "90d" }).kind).toBe("config");
});

it("reads monitors with and without names, separated by commas or spaces", () => {
  const parsed = parseConfig({
    ...least,
    MONITORS: "ci0=http://10.0.0.1:8000/, https://ci1.example/base  http://[::1]:9",
  });
  expect(parsed.kind === "config" && parsed.config.MONITORS).toEqual([
    { name: "ci0", url: "http://10.0.0.1:8000" },
    { name: "ci1.example", url: "https://ci1.example/base" },
    { name: "--1-9", url: "http://[::1]:9" },
  ]);
});

it("takes short durations everywhere, and an empty variable for none", () => {
  const durations = describeSettings()
    .filter(({ preset }) => /^\d+(ms|s|m|h|d)$/.test(preset))
    .map(({ name }) => name);
  expect(durations.length).toBeGreaterThan(12);
  const parsed = parseConfig({
    ...least,
    REDIS_URL: "",
    ...Object.fromEntries(durations.map((name) => [name, "100ms"])),
  });
  if (parsed.kind !== "config") throw new Error(parsed.problems.join());
  for (const name of durations) expect(parsed.config[name as keyof typeof parsed.config]).toBe(100);
});

it("reports all problems at once, in words, without the value of anything", () => {
  const parsed = parseConfig({
    PORT: "99999",
    MONITORS: "ftp://secret-host",
    ABANDON_AFTER: "soon",
    MAX_ATTEMPTS: "0",
    LOG_LEVEL: "loud",
    API_TOKENS: "bad token-zebra",
    REDIS_URL: "zebra",
    GITHUB_APP_ID: "1",
    MAX_QUEUE_DEPTH: "-1",
  });
  if (parsed.kind !== "problems") throw new Error("accepted");
  for (const name of [
    "PORT",
    "MONITORS",
    "ABANDON_AFTER",
    "MAX_ATTEMPTS",
    "LOG_LEVEL",
    "API_TOKENS",
    "REDIS_URL",
    "GITHUB_APP_ID",
    "MAX_QUEUE_DEPTH",
  ]) {
    expect(
      parsed.problems.filter((problem) => problem.startsWith(name)),
      name,
    ).toHaveLength(1);
  }
  expect(parsed.problems.join()).not.toMatch(/zebra|secret-host|loud|soon/);
  const twice = parseConfig({ ...least, MONITORS: "nonsense alsobad", MONITOR_API_TOKEN: "a\nb" });
  expect(twice).toMatchObject({
    problems: [
      expect.stringMatching(/^MONITORS has an entry \(number 1/),
      expect.stringMatching(/number 2/),
      expect.stringMatching(/^MONITOR_API_TOKEN/),
    ],
  });
  expect(parseConfig({})).toEqual({
    kind: "problems",
    problems: [expect.stringMatching(/^MONITORS is required/), expect.stringMatching(/^API_TOKENS is required/)],
  });
});
