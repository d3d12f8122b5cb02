// What a policy says of a flow: the first rule that matches, and how repository and class combine.
import { describe, expect, it } from "vitest";
import { findFlowRules, heaviestWeight } from "../../../src/queue/policy/flow-rules.ts";
import { hasClass, type Policy, preferenceOf } from "../../../src/queue/policy/policy.ts";

const policy: Policy = {
  default: { weight: 2, maxWaiting: 9 },
  repositories: [
    { pattern: "servo/Servo", weight: 3, maxRunners: 10 },
    { pattern: "servo/*", weight: 5, maxWaiting: 1 },
    { pattern: "*/docs", maxRunners: 1 },
  ],
  owners: [{ pattern: "SERVO", maxRunners: 40 }, { pattern: "big-*" }],
  classes: [{ name: "merge", weight: 10, maxRunners: 4, maxWaiting: 7 }, { name: "bulk" }],
  monitors: [
    { name: "fast", prefer: 2 },
    { name: "last", prefer: 0 },
  ],
};
const nothing: Policy = { default: {}, repositories: [], owners: [], classes: [], monitors: [] };

describe("the weight is the repository's times the class's", () => {
  it.each([
    ["servo/servo", undefined, 3, "servo/Servo"],
    ["SERVO/SERVO", "merge", 30, "servo/Servo"],
    ["servo/other", "bulk", 5, "servo/*"],
    ["me/docs", undefined, 2, "*/docs"],
    ["me/mine", "merge", 20, "default"],
    ["me/mine", "no-more", 2, "default"],
  ])("%s, class %s: %i by %s", (repository, className, weight, matchedRule) => {
    expect(findFlowRules(policy, repository, className)).toMatchObject({ weight, matchedRule });
  });

  it("and 1 where the policy says nothing", () => {
    expect(findFlowRules(nothing, "me/mine", undefined)).toEqual({ weight: 1, matchedRule: "default", limits: [] });
  });
});

it("no flow weighs more than the heaviest repository's times the heaviest class's", () => {
  expect(heaviestWeight(policy)).toBe(50);
  expect(heaviestWeight(nothing)).toBe(1);
  expect(heaviestWeight({ ...nothing, default: { weight: 7 }, classes: [{ name: "bulk", weight: 0.5 }] })).toBe(7);
});

describe("the limits of repository, owner and class hold at once", () => {
  it("each under the name that is counted, and what a rule leaves out the default says", () => {
    expect(findFlowRules(policy, "Servo/servo", "merge").limits).toEqual([
      { scope: "repository", name: "servo/servo", maxRunners: 10, maxWaiting: 9 },
      { scope: "owner", name: "servo", maxRunners: 40 },
      { scope: "class", name: "merge", maxRunners: 4, maxWaiting: 7 },
    ]);
  });

  it("a pattern's limit is for each repository that it matches", () => {
    const [one] = findFlowRules(policy, "a/docs", undefined).limits;
    const [other] = findFlowRules(policy, "b/docs", undefined).limits;
    expect([one, other]).toEqual([
      { scope: "repository", name: "a/docs", maxRunners: 1, maxWaiting: 9 },
      { scope: "repository", name: "b/docs", maxRunners: 1, maxWaiting: 9 },
    ]);
  });

  it("who has none is not named", () => {
    expect(findFlowRules(policy, "big-one/mine", "bulk").limits.map(({ scope }) => scope)).toEqual(["repository"]);
    expect(findFlowRules({ ...policy, default: {} }, "big-one/mine", "bulk").limits).toEqual([]);
  });
});

it("a monitor that is not named is between one that is preferred and one that is put last", () => {
  expect(["fast", "other", "last"].map((name) => preferenceOf(policy, name))).toEqual([2, 1, 0]);
  expect(preferenceOf(undefined, "fast")).toBe(1);
});

it("without a policy there are no classes", () => {
  expect([hasClass(policy, "merge"), hasClass(policy, "Merge"), hasClass(undefined, "merge")]).toEqual([
    true,
    false,
    false,
  ]);
});
