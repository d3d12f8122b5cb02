// What an operator asks first: what is free, why the rest is not, and what needs a look until it is
// over.
import { describe, expect, it } from "vitest";
import { listConcerns, summarise } from "../../src/dashboard/concerns.ts";
import type { DashboardMonitor } from "../../src/dashboard/dashboard-data.ts";
import { describeIdle, explainIdle } from "../../src/dashboard/idle-runners.ts";
import { before, monitorOf, noon, profileOf, quietDashboard } from "./documents.ts";

const act = { by: "mara", note: "", at: noon, until: null };
const later = before(noon, -30);

function rowOf(changes: Partial<DashboardMonitor["profiles"][number]>): DashboardMonitor["profiles"] {
  const row = { profile_key: "linux", idle: 3, claimed: 0, available: 3, healthy: 4, target: 4, refused_in_a_row: 0 };
  return [{ ...row, ...changes }];
}

/** A house whose profile has what its monitors have together. */
function houseOf(monitors: readonly DashboardMonitor[], paused: typeof act | null = null) {
  const sum = (of: "idle" | "available") =>
    monitors.flatMap(({ profiles }) => profiles).reduce((total, row) => total + row[of], 0);
  const capacity = { idle: sum("idle"), claimed: 0, available: sum("available"), healthy: 4, target: 4 };
  return { ...quietDashboard(), monitors: [...monitors], profiles: [profileOf({ paused, capacity })] };
}

describe("what is idle and not free is said with what keeps it", () => {
  const drained = monitorOf({ draining: act, profiles: rowOf({ available: 0 }) });
  const table: [what: string, monitors: DashboardMonitor[], isPaused: boolean, says: string][] = [
    ["nothing is idle", [monitorOf({ profiles: rowOf({ idle: 0, available: 0 }) })], false, "0 runners free to claim"],
    ["all is free", [monitorOf({ profiles: rowOf({}) })], false, "3 runners free to claim"],
    [
      "some are claimed",
      [monitorOf({ profiles: rowOf({ claimed: 2, available: 1 }) })],
      false,
      "1 runner free to claim, 2 idle but not free (2 claimed)",
    ],
    [
      "more are claimed than are idle",
      [monitorOf({ profiles: rowOf({ claimed: 9, available: 0 }) })],
      false,
      "0 runners free to claim, 3 idle but not free (3 claimed)",
    ],
    [
      "a monitor refused since its last dashboard",
      [monitorOf({ profiles: rowOf({ claimed: 1, available: 0 }) })],
      false,
      "0 runners free to claim, 3 idle but not free (1 claimed, 2 just refused)",
    ],
    ["a host is drained", [drained], false, "0 runners free to claim, 3 idle but not free (3 drained)"],
    [
      "a host backs off, one is drained, one is well",
      [drained, monitorOf({ backing_off_until: later, profiles: rowOf({ available: 0 }) }), monitorOf({})],
      false,
      "2 runners free to claim, 6 idle but not free (3 drained, 3 backing off)",
    ],
    [
      "the profile is paused",
      [monitorOf({ profiles: rowOf({ claimed: 1, available: 2 }) })],
      true,
      "0 runners free to claim, 3 idle but not free (1 claimed, 2 paused)",
    ],
    [
      "a host is silent: what it had does not count as idle",
      [monitorOf({ state: "failing", profiles: rowOf({ idle: 0, claimed: 1, available: 0 }) })],
      false,
      "0 runners free to claim",
    ],
  ];
  for (const [what, monitors, isPaused, says] of table) {
    it(what, () => {
      const house = houseOf(monitors, isPaused ? act : null);
      expect(describeIdle(explainIdle(house))).toBe(says);
      expect(summarise(house)).toContain(`${says}. Nobody waits. `);
      expect(summarise({ ...house, running_count: 16 })).toContain(`${says}, 16 at work. Nobody waits. `);
      expect(explainIdle(house, "linux")).toEqual(explainIdle(house));
      expect(explainIdle(house, "another")).toEqual({ free: 0, kept: [] });
    });
  }
});

describe("a monitor that refuses takes", () => {
  const saysOf = (refused_in_a_row: number, changes: Partial<DashboardMonitor> = {}) => {
    const house = houseOf([monitorOf({ profiles: rowOf({ refused_in_a_row }), ...changes })]);
    return [summarise(house), ...listConcerns(house).map(({ what, tone, says }) => `${what} ${tone}: ${says}`)];
  };
  const [well, ill] = ["1 of 1 monitor well.", "0 of 1 monitor well."].map(
    (end) => `3 runners free to claim. Nobody waits. ${end}`,
  );

  it("is a concern, and not well, from the second refusal until a take succeeds: between its back-offs, too", () => {
    expect(saysOf(0)).toEqual([well]);
    expect(saysOf(1)).toEqual([well]);
    const concern = "refusing warn: refused its last 2 takes of linux";
    expect(saysOf(2)).toEqual([ill, concern]);
    expect(saysOf(2, { backing_off_until: later })).toEqual([ill, concern]);
    expect(saysOf(35)).toEqual([ill, "refusing bad: refused its last 35 takes of linux"]);
  });

  it("is told of once, with each profile that it refuses", () => {
    const rows = [...rowOf({ refused_in_a_row: 7 }), ...rowOf({ profile_key: "mac", refused_in_a_row: 2 })];
    expect(saysOf(0, { profiles: [...rows, ...rowOf({ profile_key: "windows" })] }).slice(1)).toEqual([
      "refusing bad: refused its last 7 takes of linux, 2 of mac",
    ]);
  });
});
