// Acts of operators: no claim is made past one that was acknowledged.
import { describe, expect, it } from "vitest";
import { forEver } from "../../../src/queue/acts.ts";
import { snapshotOf } from "../../../src/queue/fleet/fleet.ts";
import { drainOperation, pauseOperation, wakeOperation } from "../../../src/queue/operations/act.ts";
import { capacityOf, now, rowOf, viewOf } from "../../support/queue-data.ts";

const request = { kind: "begin", by: "kim", note: "disk", until: null } as const;
const act = { by: "kim", note: "disk", at: now, until: null };
const always = { raisesRoom: true, makesRoom: true };

it.each([
  { name: "paused", request, paused: act, what: "paused" },
  { name: "let go on", request: { ...request, kind: "end" as const }, paused: null, what: "unpaused" },
])("a profile is $name, and claims that were decided before fail", ({ request: given, paused, what }) => {
  const { name, profileKey, reads, decide } = pauseOperation("linux", given);
  expect({ name, profileKey, reads }).toEqual({ name: "pause", profileKey: "linux", reads: { front: true } });
  expect(decide(viewOf())).toEqual({
    answer: null,
    change: { head: { paused }, history: [{ at: now, what, by: "kim", note: "disk" }], ...always },
  });
});

describe("a monitor's row hears that it is drained, and claims that were decided before fail", () => {
  const history = [{ at: now, what: "drained", by: "kim", note: "disk", monitors: ["ci0"] }];

  it("its own row, which gives nothing from now on", () => {
    const row = rowOf(2);
    const capacity = capacityOf({ ci0: row, ci1: rowOf(1) });
    const { name, profileKey, reads, decide } = drainOperation("linux", "ci0", act, request);
    expect({ name, profileKey, reads }).toEqual({ name: "drain", profileKey: "linux", reads: { front: true } });
    expect(decide(viewOf({ capacity }))).toEqual({
      answer: null,
      change: {
        snapshots: new Map([["ci0", { ...snapshotOf(row), drainedAt: now, drainedUntil: forEver }]]),
        history,
        ...always,
      },
    });
    expect(capacity.totals(now).available).toBe(1);
  });

  it.each([
    { name: "of a monitor that is not known here", rows: { ci1: rowOf(2) } },
    { name: "that heard a later word already", rows: { ci0: rowOf(2, { drainedAt: now + 1 }) } },
  ])("and no row is written $name, but the history says so", ({ rows }) => {
    const capacity = capacityOf(rows as Record<string, ReturnType<typeof rowOf>>);
    const { change } = drainOperation("linux", "ci0", act, request).decide(viewOf({ capacity }));
    expect(change).toEqual({ history, ...always });
    expect([...capacity.rows]).toEqual(Object.entries(rows));
  });

  it("one that fetches is told at once, by the fetch that it holds", () => {
    const pull = { bootAt: 1, seq: 1, presentUntil: now + 9_000 };
    const capacity = capacityOf({ ci0: rowOf(2, { pull }) });
    const { change } = drainOperation("linux", "ci0", act, request).decide(viewOf({ capacity }));
    expect(change?.wake).toEqual(["@ci0"]);
  });

  it("its end is a word as well", () => {
    const capacity = capacityOf({ ci0: rowOf(2, { drainedAt: 5, drainedUntil: forEver }) });
    const ended = { ...act, until: now };
    const { change } = drainOperation("linux", "ci0", ended, { ...request, kind: "end" }).decide(viewOf({ capacity }));
    expect(change?.history).toMatchObject([{ what: "resumed" }]);
    expect(capacity.totals(now).available).toBe(2);
  });
});

it("whoever waits under these names is told to look, and nothing is written", () => {
  const { name, profileKey, reads, decide } = wakeOperation("linux", ["a", "@ci0"]);
  expect({ name, profileKey, reads }).toEqual({ name: "wake", profileKey: "linux", reads: {} });
  expect(decide(viewOf())).toEqual({ answer: null, change: { wake: ["a", "@ci0"] } });
});
