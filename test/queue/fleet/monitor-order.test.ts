// The order in which monitors are asked: the policy's, but a retry goes to another host first.
import { expect, it } from "vitest";
import { monitorOrderOf } from "../../../src/queue/fleet/monitor-order.ts";
import type { Policy } from "../../../src/queue/policy/policy.ts";

const policy: Policy = {
  default: {},
  repositories: [],
  owners: [],
  classes: [],
  monitors: [
    { name: "fast", prefer: 2 },
    { name: "last", prefer: 0 },
  ],
};
const place = 1_000_000_000;
const order = (asked: Record<string, number>, by: Policy | undefined = policy) =>
  ["fast", "last", "other"].toSorted(
    (a, b) => monitorOrderOf(by, { place, asked }).favour(b) - monitorOrderOf(by, { place, asked }).favour(a),
  );

it.each([
  [{}, ["fast", "other", "last"]],
  [{ fast: 1_000_000 }, ["other", "last", "fast"]],
  [{ fast: 999_999 }, ["fast", "other", "last"]],
  [{ fast: 1_000_000, other: 1_000_000 }, ["last", "fast", "other"]],
])("asked %j since it came in line: %j", (asked, expected) => {
  expect(order(asked)).toEqual(expected);
});

it("without a policy all are equal, whoever was asked, but for those that lost a start of this job", () => {
  const { favour } = monitorOrderOf(undefined, { place, asked: { fast: 1_000_000 }, avoided: ["last"] });
  expect([favour("fast"), favour("other")]).toEqual([0, 0]);
  expect(favour("last")).toBeLessThan(0);
});

it("one that lost a start comes behind one that refused", () => {
  const { favour } = monitorOrderOf(policy, { place, asked: { fast: 1_000_000, last: 1_000_000 }, avoided: ["fast"] });
  expect(favour("fast")).toBeLessThan(favour("last"));
});

it("hosts are packed where the policy says so", () => {
  const isPacked = (by: Policy | undefined) => monitorOrderOf(by, { place }).isPacked;
  expect([undefined, policy, { ...policy, placement: "spread" as const }].map(isPacked)).toEqual([false, false, false]);
  expect(isPacked({ ...policy, placement: "pack" })).toBe(true);
});
