// Every setting: what it is for, what it may be, and its default where it has one. The tables of
// the documents are made of this.
import { z } from "zod";
import type { Policy } from "../queue/policy/policy.ts";
import { addressRanges, basePath, hostList } from "./addresses.ts";
import { apiTokens, isScoped, type ScopedApiToken } from "./api-tokens.ts";
import { monitorList, monitorTokens } from "./monitors.ts";
import { splitList } from "./plain-text.ts";
import { privateKey } from "./private-key.ts";
import { redisUrl } from "./redis-url.ts";
import {
  baseUrl,
  count,
  duration,
  filePath,
  memoryDuration,
  positiveDuration,
  secret,
  secrets,
} from "./value-kinds.ts";

const required = {
  MONITORS: monitorList.describe(
    "the monitors, `[name=]url`, or `name=pull` for one that fetches its takes, separated by commas or spaces; each address once",
  ),
  API_TOKENS: apiTokens.describe(
    "bearer tokens that may enqueue, comma-separated, random, 16 characters or more: `token`, or `owner/=token` and `owner/repo=token` for these repositories only",
  ),
};

const access = {
  HOST: hostList.prefault("127.0.0.1").describe("addresses to listen on, separated by commas"),
  PORT: count(0, 65535).prefault("8002").describe("port to listen on"),
  BASE_PATH: basePath.prefault("/").describe("path that all routes lie under, for a proxy that does not cut it off"),
  CONFIG_FILE: filePath
    .optional()
    .describe("file of settings, one `NAME=value` a line; the environment wins. Read anew on SIGHUP"),
  MONITOR_API_TOKEN: secret
    .optional()
    .describe("bearer for the monitors; default: the first of API_TOKENS that speaks for every repository"),
  MONITOR_TOKENS: monitorTokens
    .default([])
    .describe("bearers of single monitors, `name:token`, comma-separated; default: MONITOR_API_TOKEN"),
  OPERATOR_TOKENS: secrets
    .optional()
    .describe("bearer tokens of operators; default: those of API_TOKENS that speak for every repository"),
  DASHBOARD_TOKEN: secret.optional().describe("closes the dashboard to whoever lacks it"),
  TICKET_KEYS: secrets
    .optional()
    .describe(
      "secrets that tickets are signed with, comma-separated; default: those of API_TOKENS that speak for every repository",
    ),
  ALLOWED_REPOS: z
    .string()
    .default("")
    .transform((text) => splitList(text))
    .refine(
      (entries) => entries.every((entry) => /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/[A-Za-z0-9._-]{0,100}$/.test(entry)),
      "has an entry that is not owner/ or owner/repo (there are no wildcards)",
    )
    .describe("who may enqueue without a token: `owner/` or `owner/repo`, comma-separated; empty: nobody"),
  OIDC_AUDIENCE: z.string().optional().describe("audience of GitHub OIDC tokens; unset: off"),
  TRUSTED_PROXIES: addressRanges
    .default([])
    .describe("addresses or ranges of proxies whose X-Forwarded-For is believed, comma-separated; unset: none"),
};

const github = {
  GITHUB_API_URL: baseUrl.prefault("https://api.github.com").describe("GitHub's REST API"),
  GITHUB_TOKEN: secret.optional().describe("token to look artifacts up and ask how the jobs of runs stand with"),
  GITHUB_APP_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, "is neither an App's id nor its client id")
    .optional()
    .describe("GitHub App to look artifacts up and ask how the jobs of runs stand as"),
  GITHUB_APP_PRIVATE_KEY: privateKey
    .optional()
    .describe("the App's private key (PEM; line breaks may be written as `\\n`)"),
  GITHUB_WEBHOOK_SECRETS: secrets.optional().describe("secrets of the webhook, comma-separated; unset: no webhook"),
  ARTIFACT_PREFIX: z
    .string()
    .regex(/^[^"<>|*?:\\/\r\n]{0,100}$/, "holds a character that no artifact's name has")
    .default("servo-ci-runners_")
    .describe("name of a proving artifact, before the unique id"),
  ARTIFACT_MAX_AGE: positiveDuration.prefault("300s").describe("how old a proving artifact may be"),
  OIDC_ISSUER: z
    .string()
    .prefault("https://token.actions.githubusercontent.com")
    .transform((text) => splitList(text))
    .pipe(z.array(baseUrl).min(1, "names no issuer"))
    .describe("issuers of OIDC tokens, comma-separated: GitHub's, a GitHub Enterprise Server's, a Forgejo's"),
  RERUN_MEMORY: memoryDuration.prefault("30d").describe("how long it is known what a re-run asks for again"),
  START_WATCH: z
    .enum(["report", "act", "off"], "is not one of report, act, off")
    .default("report")
    .describe("a reserved runner whose job does not start: report it, act (serve the job again), or off"),
  START_TIMEOUT: positiveDuration.prefault("60s").describe("a reserved runner should have its job after this long"),
  MAX_RESTARTS: count(0, 1000).prefault("2").describe("how often a job that did not start is served again"),
  DETACHED_MAX_WAIT: memoryDuration.prefault("24h").describe("how long a job waits for which nobody polls"),
};

const line = {
  ABANDON_AFTER: positiveDuration.prefault("30s").describe("a job whose owner did not ask for this long has left"),
  RETRY_AFTER: positiveDuration.prefault("5s").describe("when to ask again, mid-line"),
  MAX_WAIT: duration
    .prefault("25s")
    .describe("how long a take that asks for it (wait=) is held at most; clients give an attempt 30 s"),
  PRESENCE_GRACE: duration.prefault("3s").describe("how late a poll may be before its job holds nobody back"),
  TOUCH_INTERVAL: duration
    .prefault("5s")
    .describe(
      "a waiting poll writes to the store at most this often; cut to a sixth of ABANDON_AFTER where it is longer",
    ),
  ANSWER_TTL: positiveDuration
    .prefault("45s")
    .describe("how long an answer is replayed, from when the reservation began"),
  TOMBSTONE_TTL: memoryDuration
    .prefault("1h")
    .describe("how long a finished job is remembered (never less than its ticket is valid)"),
  TICKET_MAX_AGE: memoryDuration.prefault("1h").describe("how long a ticket can bring back a job that the store lost"),
  MAX_ATTEMPTS: count(1, 1000).prefault("5").describe("refusals after which a job fails"),
  MAX_RUNNER_COUNT: count(1, 1000).prefault("100").describe("most runners of one job"),
  MAX_QUEUE_DEPTH: count(0, 100_000_000)
    .transform((depth) => (depth === 0 ? undefined : depth))
    .prefault("100000")
    .describe("most jobs waiting per profile; `0`: no limit"),
  MAX_JOBS_PER_RUN: count(1, 100_000_000)
    .prefault("256")
    .describe("most jobs of one run at once, of callers who speak for their repository (docs/security.md)"),
  MAX_JOBS_PER_REPO: count(1, 100_000_000).prefault("5000").describe("the same of one repository"),
  MAX_REMEMBERED_JOBS: count(1, 100_000_000)
    .prefault("200000")
    .describe("most finished jobs that are remembered, whoever enqueued them"),
  POLICY_FILE: filePath.optional().describe("shares, limits and classes; unset: first come, first served"),
};

const monitors = {
  MONITOR_POLL_INTERVAL: positiveDuration.prefault("1s").describe("each monitor is asked at most this often"),
  MONITOR_POLL_TIMEOUT: positiveDuration.prefault("1500ms").describe("how long a dashboard may take"),
  MONITOR_TAKE_TIMEOUT: positiveDuration.prefault("22s").describe("how long a take may take, plus 1 s per runner"),
  MONITOR_SETTLE: duration.prefault("25s").describe("a silent monitor may work on a take for this long"),
  MONITOR_RESERVE_TIMEOUT: positiveDuration
    .prefault("60s")
    .describe("how long monitors keep a runner that no job uses"),
  UNKNOWN_HOLD: positiveDuration.prefault("90s").describe("without any evidence a leg is given up after this"),
  HOLD_TIMEOUT: positiveDuration.prefault("30s").describe("how long runners in hand wait for the rest of their job's"),
  MONITOR_MAX_INFLIGHT: count(1, 1000).prefault("2").describe("takes at one monitor at once"),
  OFFER_TTL: positiveDuration.prefault("5s").describe("how long an offer waits for a monitor that pulls"),
  PULL_PRESENCE: positiveDuration.prefault("10s").describe("a monitor that pulls and was silent for this long is away"),
};

const store = {
  REDIS_URL: redisUrl
    .optional()
    .describe("the Redis that all instances share; without it the embedded store (DATA_FILE), for one instance"),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w.-]{1,64}$/, "is not 1 to 64 of A-Z a-z 0-9 . _ -")
    .default("rq")
    .describe("begins every key, so that deployments can share one Redis"),
  DATA_FILE: filePath.optional().describe("file of the embedded store; unset: in memory only"),
  HISTORY_KEEP: memoryDuration.prefault("7d").describe("how long the figures over time are kept (/stats.json)"),
};

const log = {
  LOG_LEVEL: z
    .enum(
      ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
      "is not one of trace, debug, info, warn, error, fatal, silent",
    )
    .default("info")
    .describe("least severe log line that is written"),
  LOG_FORMAT: z
    .enum(["json", "pretty"], "is neither json nor pretty")
    .default("json")
    .describe("json for machines, pretty for a person at a terminal"),
  OTEL_EXPORTER_OTLP_ENDPOINT: baseUrl
    .optional()
    .describe("where traces are sent (OTLP over HTTP; `/v1/traces` is put behind it); unset: nowhere"),
};

/** By who needs them. A mistyped name among the first two stops the start. */
export const settingGroups = { required, access, github, line, monitors, store, log };
export type SettingGroup = keyof typeof settingGroups;

export const settingsSchema = z.object({ ...required, ...access, ...github, ...line, ...monitors, ...store, ...log });
export type SettingName = keyof typeof settingsSchema.shape;
export const settingNames = Object.keys(settingsSchema.shape) as readonly SettingName[];

/** Each may come from a file, `<NAME>_FILE`, and no value of them is ever shown. */
export const secretSettings = [
  "API_TOKENS",
  "MONITOR_API_TOKEN",
  "MONITOR_TOKENS",
  "OPERATOR_TOKENS",
  "DASHBOARD_TOKEN",
  "TICKET_KEYS",
  "GITHUB_TOKEN",
  "GITHUB_APP_PRIVATE_KEY",
  "GITHUB_WEBHOOK_SECRETS",
  "REDIS_URL",
] as const satisfies readonly SettingName[];

export function isSecret(name: string): boolean {
  return secretSettings.some((one) => one === name);
}

/** Whether the name is a setting, or the file of a secret one. */
export function isSettingName(name: string): boolean {
  return settingNames.some((one) => one === name || (isSecret(one) && `${one}_FILE` === name));
}

export function groupOf(name: SettingName): SettingGroup {
  const groups = Object.keys(settingGroups) as SettingGroup[];
  return groups.find((group) => name in settingGroups[group]) ?? "line";
}

type Settings = z.output<typeof settingsSchema>;

/** The settings as the rest of the program gets them. */
export type SettledSettings = Omit<Settings, "API_TOKENS"> & {
  /** Those that speak for every repository; never none. */
  readonly API_TOKENS: readonly string[];
  /**
   * Those that speak for one owner or repository: apart, so that nobody takes one for more by
   * mistake.
   */
  readonly SCOPED_API_TOKENS: readonly ScopedApiToken[];
  /** What stands in POLICY_FILE; undefined: first come, first served. */
  readonly POLICY: Policy | undefined;
};

export function settle({ API_TOKENS, ...rest }: Settings, policy: Policy | undefined): SettledSettings {
  return {
    ...rest,
    POLICY: policy,
    API_TOKENS: API_TOKENS.flatMap(({ token, scope }) => (scope === null ? [token] : [])),
    SCOPED_API_TOKENS: API_TOKENS.filter(isScoped),
  };
}
