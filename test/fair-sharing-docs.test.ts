// What docs/fair-sharing.md shows is a policy that starts, and the refusal that it quotes is real.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parsePolicy } from "../src/config/policy-file.ts";
import { parseConfig } from "../src/config.ts";
import { resolveClass } from "../src/queue/policy/class-claims.ts";
import { findFlowRules } from "../src/queue/policy/flow-rules.ts";
import type { Policy } from "../src/queue/policy/policy.ts";

const load = (path: string) => readFileSync(new URL(`../docs/${path}`, import.meta.url), "utf8");
const text = load("fair-sharing.md");

function policyOf(yaml: string): Policy {
  const parsed = parsePolicy(yaml);
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("\n"));
  return parsed.policy;
}

it("the example file says all that a policy may say, and means what its comments say", () => {
  const policy = policyOf(load("policy-example.yaml"));
  for (const part of Object.values(policy)) expect(Object.keys(part).length).toBeGreaterThan(0);
  const weightOf = (repository: string, className?: string) => findFlowRules(policy, repository, className).weight;
  expect([weightOf("servo/servo", "merge"), weightOf("servo/x-experiments"), weightOf("me/mine")]).toEqual([
    30, 0.5, 1,
  ]);
  expect(findFlowRules(policy, "servo/book", undefined).limits).toEqual([
    { scope: "repository", name: "servo/book", maxRunners: 10, maxWaiting: 500 },
    { scope: "owner", name: "servo", maxRunners: 40 },
  ]);
  expect(findFlowRules(policy, "me/mine", "by-hand").limits).toMatchObject([{}, { name: "me", maxRunners: 5 }]);
  const release = "servo/servo/.github/workflows/release.yml@refs/heads/v2";
  expect(resolveClass(policy, { eventName: "push", refProtected: true, workflowRef: release })).toBe("release");
  expect(resolveClass(policy, { eventName: "push", refProtected: false, workflowRef: release })).toBe(undefined);
});

it("what the page shows is a policy, and so is each line of it in passing", () => {
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
  expect(blocks.length).toBeGreaterThan(0);
  for (const block of blocks) policyOf(block);
  const lines = [...text.matchAll(/`(\w+: \{.*?\}\})`/g)].map(([, line = ""]) => line);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) policyOf(line);
});

it("the refusal that the page quotes is what a start says", () => {
  const [, quoted = ""] = /cannot start:\n {2}(POLICY_FILE .*)\n/.exec(text) ?? [];
  const environment = { MONITORS: "http://127.0.0.1:1", API_TOKENS: "a-token-long-enough", POLICY_FILE: "/p" };
  expect(parseConfig(environment, () => "repositories: {servo/servo: {max_runner: 3}}")).toEqual({
    kind: "problems",
    problems: [quoted],
  });
});
