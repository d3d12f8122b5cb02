// Expedite: one job to the front, by cases.
import { describe, expect, it } from "vitest";
import { orderOf } from "../../../src/queue/line/line.ts";
import { expediteOperation } from "../../../src/queue/operations/expedite.ts";
import { claimedJobOf, jobOf, now, viewOf } from "../../support/queue-data.ts";

const words = { by: "ana", note: "release" };
const expedite = (job: ReturnType<typeof jobOf> | null) =>
  expediteOperation("linux", "a", words).decide(viewOf({ a: { job } }));

it("reads its job, and whose turn it is next", () => {
  const { name, profileKey, reads } = expediteOperation("linux", "a", words);
  expect({ name, profileKey, reads }).toEqual({
    name: "expedite",
    profileKey: "linux",
    reads: { jobs: [{ uniqueId: "a", order: null }], front: true },
  });
});

it.each([
  { name: "in line", job: jobOf() },
  { name: "being asked for", job: claimedJobOf() },
])("a job that is $name stands before all others from now on, and the history says who did it", ({ job }) => {
  const after = { ...job, expeditedAt: now };
  expect(expedite(job)).toEqual({
    answer: { kind: "expedited", job: after, isNew: true },
    change: {
      jobs: [{ before: job, after }],
      history: [{ at: now, what: "expedited", id: "a", repo: "o/r", run: "1", ...words }],
      wake: ["a"],
      makesRoom: true,
      raisesRoom: true,
    },
  });
  expect(orderOf(after) < orderOf({ place: 1_000_000_000_000_001 })).toBe(true);
});

describe("nothing is written", () => {
  const first = jobOf({ expeditedAt: now - 1 });
  it.each([
    {
      name: "the second time: its order among those at the front stays",
      job: first,
      answer: { kind: "expedited", job: first, isNew: false },
    },
    { name: "of a job that is over", job: jobOf({ state: "taken" }), answer: { kind: "over", state: "taken" } },
    {
      name: "of one that is forgotten",
      job: jobOf({ state: "cancelled", forgetAt: now }),
      answer: { kind: "unknown" },
    },
    { name: "of one that nobody knows", job: null, answer: { kind: "unknown" } },
  ])("$name", ({ job, answer }) => {
    expect(expedite(job)).toEqual({ answer });
  });
});
