// Which class verified claims give, and what a pattern matches.
import { expect, it } from "vitest";
import { resolveClass } from "../../../src/queue/policy/class-claims.ts";
import { matchesGlob } from "../../../src/queue/policy/glob.ts";
import type { Policy } from "../../../src/queue/policy/policy.ts";

const policy: Policy = {
  default: {},
  repositories: [],
  owners: [],
  classes: [
    { name: "named-only" },
    { name: "merge", match: { eventName: "merge_group" } },
    { name: "try", match: { eventName: "push", workflowRef: "servo/servo/.github/workflows/try.yml@refs/heads/*" } },
    { name: "protected", match: { refProtected: true } },
    { name: "other", match: { eventName: "*" } },
  ],
  monitors: [],
};
const workflowRef = "servo/servo/.github/workflows/try.yml@refs/heads/try";

it.each([
  [{ eventName: "merge_group", refProtected: true }, "merge"],
  [{ eventName: "push", workflowRef }, "try"],
  [{ eventName: "push", workflowRef: `${workflowRef}/deeper` }, "other"],
  [{ eventName: "push", refProtected: true }, "protected"],
  [{ eventName: "push", refProtected: false }, "other"],
  [{ workflowRef }, undefined],
  [{}, undefined],
])("%j is of the class %s: the first that holds", (claims, className) => {
  expect(resolveClass(policy, claims)).toBe(className);
});

it("without a policy nothing gives a class", () => {
  expect(resolveClass(undefined, { eventName: "merge_group" })).toBe(undefined);
});

it.each([
  ["owner/*", "owner/repo", true],
  ["owner/*", "owner/", true],
  ["owner/*", "owner/a/b", false],
  ["owner/*", "owners/repo", false],
  ["a*", "ba", false],
  ["*", "owner/repo", false],
  ["*/*", "owner/repo", true],
  ["o*r/r*", "owner/repo", true],
  ["a*b*c", "abc", true],
  ["a*b*c", "a-b-b-c", true],
  ["a*b*c", "acb", false],
  ["a*b*c", "axc", false],
  ["*b*c", "bc", true],
  ["aa*aa", "aaa", false],
  ["a*a*a", "aa", false],
  ["a**b", "ab", true],
  ["a.c", "abc", false],
  ["", "", true],
  ["*@refs/heads/main", "x@refs/heads/main", true],
  ["*@refs/heads/main", "w.yml@refs/heads/x@refs/heads/main", false],
])("%s against %s: %s", (pattern, text, isMatch) => {
  expect(matchesGlob(pattern, text)).toBe(isMatch);
});

it("a pattern made of stars costs no more than its length times the text's", () => {
  const began = performance.now();
  expect(matchesGlob(`${"*a".repeat(250)}b`, "a".repeat(10_000))).toBe(false);
  expect(performance.now() - began).toBeLessThan(1_000);
});
