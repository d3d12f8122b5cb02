// What the values of settings may be: tables of what is taken, and of what is refused in which
// words.
import { expect, it } from "vitest";
import { type Config, parseConfig } from "../../src/config.ts";

const least = { MONITORS: "http://127.0.0.1:1", API_TOKENS: "a-token-long-enough" };

function configOf(environment: Record<string, string>): Config {
  const parsed = parseConfig({ ...least, ...environment });
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("\n"));
  return parsed.config;
}

function problemsOf(environment: Record<string, string>): readonly string[] {
  const parsed = parseConfig({ ...least, ...environment });
  return parsed.kind === "problems" ? parsed.problems : [];
}

it.each([
  ["http://ci0:80/ http://CI0", "one address"],
  ["a=https://ci0.example b=https://ci0.example:443/", "one address"],
  ["a=http://ci0/base b=http://ci0//base//", "one address"],
  ["a=http://ci0.example. b=http://ci0.example", "one address"],
  ["a=http://ci0 a=http://ci1", "a name of its own"],
  ["constructor=http://ci0", "choose another"],
  ["__proto__=http://ci0", "choose another"],
  ["prototype=http://ci0", "choose another"],
  ["toString=http://ci0", "choose another"],
  ["valueOf=http://ci0", "choose another"],
  ["..=http://ci0", "choose another"],
  ["http://constructor", "choose another"],
  ["constructor=pull", "choose another"],
  ["pull", "is not [name=]http"],
  ["http://user:pw@ci0", "is not [name=]http"],
  ["http://ci0?x=1", "is not [name=]http"],
  ["http://ci0#x", "is not [name=]http"],
])("MONITORS=%s is refused: %s", (MONITORS, words) => {
  expect(problemsOf({ MONITORS })).toEqual([expect.stringContaining(words)]);
});

it("monitors on one host but other ports or paths are different ones", () => {
  expect(configOf({ MONITORS: "a=http://ci0 b=http://ci0:81 c=http://ci0/c d=http://ci0/C" }).MONITORS).toHaveLength(4);
});

it("a token may be bound to an owner or a repository, and is then none that speaks for all", () => {
  const config = configOf({ API_TOKENS: "first-token,servo/=owners-token, servo/servo=repos=token" });
  expect(config.API_TOKENS).toEqual(["first-token"]);
  expect(config.SCOPED_API_TOKENS).toEqual([
    { token: "owners-token", scope: "servo/" },
    { token: "repos=token", scope: "servo/servo" },
  ]);
});

it.each(["abc/def=", "abc/def==", "ab+c/def=", "abcdef=="])("the base64 text %s is a token, not a scope", (token) => {
  expect(configOf({ API_TOKENS: token })).toMatchObject({ API_TOKENS: [token], SCOPED_API_TOKENS: [] });
});

it.each([
  ["servo/=only", "no token that speaks for every repository"],
  ["same,servo/=same", "both for some repositories and for all"],
  ["x,servo/=with space", "a space"],
  [" , ", "no token in it"],
])("API_TOKENS=%j is refused: %s", (API_TOKENS, words) => {
  expect(problemsOf({ API_TOKENS })).toEqual([expect.stringContaining(words)]);
});

it.each([
  "redis://redis:6379",
  "redis://:pw@redis/1",
  "rediss://redis",
  "unix:///run/redis.sock",
  "/run/redis.sock",
  "redis+sentinel://a:26379,b:26379/main",
  "rediss+sentinel://user:pw@a,b,[::1]:26379/main/2?sentinelPassword=x",
  "redis+cluster://a:7000,b:7001,c",
  "rediss+cluster://:pw@a:7000",
])("REDIS_URL=%s is taken", (REDIS_URL) => {
  expect(configOf({ REDIS_URL }).REDIS_URL).toBe(REDIS_URL);
});

it.each([
  "zebra",
  "http://redis",
  "redis://",
  "redis://redis/one",
  "redis+sentinel://a:26379",
  "redis+sentinel://a:99999/main",
  "redis+sentinel://a,,b/main",
  "redis+sentinel://a/main?password=x",
  "redis+cluster://a:7000/main",
  "redis+other://a",
])("REDIS_URL=%s is refused without being repeated", (REDIS_URL) => {
  const problems = problemsOf({ REDIS_URL });
  expect(problems).toEqual([expect.stringMatching(/^REDIS_URL is neither redis:/)]);
  expect(problems.join()).not.toContain(REDIS_URL === "redis://" ? "\n" : REDIS_URL);
});

it.each([
  [{ HOST: "::1, 10.0.0.1" }, { HOST: ["::1", "10.0.0.1"] }],
  [{ HOST: "[::1]" }, { HOST: ["::1"] }],
  [{ BASE_PATH: "queue//a/" }, { BASE_PATH: "/queue/a" }],
  [{ GITHUB_API_URL: "https://ghe.example/api/v3//" }, { GITHUB_API_URL: "https://ghe.example/api/v3" }],
  [{ TRUSTED_PROXIES: "10.0.0.0/8, ::1" }, { TRUSTED_PROXIES: ["10.0.0.0/8", "::1"] }],
  [
    { MONITOR_TOKENS: "ci0:old,ci0:new:er" },
    {
      MONITOR_TOKENS: [
        { monitor: "ci0", token: "old" },
        { monitor: "ci0", token: "new:er" },
      ],
    },
  ],
])("%j is read as %j", (environment, config) => {
  expect(configOf(environment as Record<string, string>)).toMatchObject(config);
});

it.each([
  { HOST: "a b" },
  { HOST: "::1,[::1]" },
  { BASE_PATH: "/a/../b" },
  { TRUSTED_PROXIES: "10.0.0.0/33" },
  { MONITOR_TOKENS: "ci0" },
  { START_WATCH: "yes" },
  { REDIS_PREFIX: "a:b" },
  { OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4317" },
  { HISTORY_KEEP: "0s" },
])("%j is refused", (environment) => {
  const [name = ""] = Object.keys(environment);
  expect(problemsOf(environment as Record<string, string>)).toEqual([expect.stringMatching(`^${name} `)]);
});

it.each([
  ['"dashboard-token"', "dashboard-token"],
  ["dashboard-token\n", "dashboard-token"],
  [" 'dashboard-token' \r\n", "dashboard-token"],
  ["\"'dashboard-token'\"", "dashboard-token"],
])("DASHBOARD_TOKEN=%j locks nobody out: line breaks and quotes are no part of it", (DASHBOARD_TOKEN, token) => {
  expect(configOf({ DASHBOARD_TOKEN }).DASHBOARD_TOKEN).toBe(token);
});

it("each entry of a list may be quoted", () => {
  expect(configOf({ API_TOKENS: `'first-token', "second-token"` }).API_TOKENS).toEqual(["first-token", "second-token"]);
});
