// Which runner serves which job, as a monitor shows it.
import { expect, it } from "vitest";
import { seeRunners } from "../../../src/queue/fleet/sighting.ts";

const runner = (id: string, isBusy: boolean, ...reservedFor: string[]) => ({ id, isBusy, reservedFor });

it("a runner is reserved for a job, or busy with it, since it was first shown so", () => {
  const reserved = seeRunners([], [runner("1", false, "a"), runner("2", false)], 100);
  expect(reserved).toEqual([{ id: "1", uniqueId: "a", isBusy: false, since: 100 }]);
  expect(seeRunners(reserved, [runner("1", false, "a")], 200)).toBe(reserved);
  const busy = seeRunners(reserved, [runner("1", true, "a")], 300);
  expect(busy).toEqual([{ id: "1", uniqueId: "a", isBusy: true, since: 300 }]);
  // the same runner, for the next job
  expect(seeRunners(busy, [runner("1", true, "b")], 400)).toMatchObject([{ uniqueId: "b", since: 400 }]);
  expect(seeRunners(busy, [], 500)).toEqual([]);
  // one of two
  const both = seeRunners(busy, [runner("1", true, "a"), runner("2", false, "b")], 600);
  expect(seeRunners(both, [runner("1", true, "a"), runner("2", true, "b")], 700)).toMatchObject([
    { id: "1", since: 300 },
    { id: "2", isBusy: true, since: 700 },
  ]);
});

it("nothing is made of a runner of two jobs, of a label that is no id, or of more than 500", () => {
  expect(seeRunners([], [runner("1", true, "a", "b"), runner("2", true, "<b>"), runner("3", true, "")], 1)).toEqual([]);
  const many = Array.from({ length: 600 }, (_, i) => runner(String(i), true, `job-${i}`));
  expect(seeRunners([], many, 1)).toHaveLength(500);
});
