// What is valid and hardly meant is said at the start, and nothing is said of what is in order.
import { expect, it } from "vitest";
import { parseConfig } from "../../src/config.ts";

const least = { MONITORS: "ci0=http://127.0.0.1:1", API_TOKENS: "a-token-long-enough" };

function adviceOf(environment: Record<string, string>): readonly string[] {
  const parsed = parseConfig({ ...least, ...environment });
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("\n"));
  return parsed.advice;
}

it("a plain configuration is worth no word", () => {
  expect(adviceOf({})).toEqual([]);
});

it.each([
  [{ API_TOKENS: "a" }, "API_TOKENS has fewer than 16 characters"],
  [{ API_TOKENS: "a-token-long-enough,fifteen-letters" }, "API_TOKENS has fewer than 16 characters"],
  [{ OPERATOR_TOKENS: "short" }, "OPERATOR_TOKENS has fewer than 16 characters"],
  [{ DASHBOARD_TOKEN: "short" }, "DASHBOARD_TOKEN has fewer than 16 characters"],
  [{ MONITOR_API_TOKEN: "short" }, "MONITOR_API_TOKEN has fewer than 16 characters"],
  [{ ALLOWED_REPOS: "me/" }, "ALLOWED_REPOS is set, but neither"],
  [{ OIDC_AUDIENCE: "queue" }, "OIDC_AUDIENCE is set, but ALLOWED_REPOS is empty"],
  [{ REDIS_URL: "redis://127.0.0.1:1", DATA_FILE: "/tmp/queue.db" }, "REDIS_URL and DATA_FILE are both set"],
])("%j is warned of: %s", (environment, words) => {
  const advice = adviceOf(environment as Record<string, string>);
  expect(advice).toEqual([expect.stringContaining(words)]);
  expect(advice.join()).not.toMatch(/fifteen-letters|one-more/);
});

it("a token for a monitor that is not there is warned of", () => {
  expect(adviceOf({ MONITOR_TOKENS: "ci1:a-token-long-enough" })).toContain(
    "MONITOR_TOKENS has a token for a monitor that MONITORS does not name",
  );
});

it("a policy that prefers a monitor nobody has is warned of", () => {
  const adviceOfPolicy = (text: string) => {
    const parsed = parseConfig({ ...least, POLICY_FILE: "/policy.yaml" }, () => text);
    return parsed.kind === "config" ? parsed.advice : parsed.problems;
  };
  expect(adviceOfPolicy("monitors: {ci0: {prefer: 2}}")).toEqual([]);
  expect(adviceOfPolicy("monitors: {c0: {prefer: 2}}")).toEqual([
    "POLICY_FILE prefers a monitor that MONITORS does not name",
  ]);
});
