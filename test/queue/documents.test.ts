// What stores keep is read as it was written, field by field; a field that is missing or of another
// kind is refused.
import { describe, expect, it } from "vitest";
import type { ZodObject } from "zod";
import { actSchema } from "../../src/queue/acts.ts";
import { noSnapshot, noTakes, snapshotSchema, takesSchema } from "../../src/queue/fleet/fleet.ts";
import { freedRateSchema, freedRateUnknown } from "../../src/queue/fleet/freed-rate.ts";
import { monitorRecordSchema, noRecord } from "../../src/queue/fleet/monitor-record.ts";
import { happenings, historyEntrySchema } from "../../src/queue/history.ts";
import { jobSchema } from "../../src/queue/job/job.ts";
import { claimedJobOf, claimOf, legOf, runnerOf } from "../support/queue-data.ts";

const job = claimedJobOf([], {
  claim: claimOf([legOf({ isCharged: true, words: "null" }), legOf({ monitor: "ci1", state: "taken" })]),
  holder: "h",
  asideUntil: 1,
  unchargedRefusals: 2,
  isSpared: true,
  asked: { ci0: 3 },
  runnersInHand: [{ ...runnerOf("1"), since: 4 }],
  spentRunners: ["ci0/2"],
  answer: "[1]",
  answerUntil: 5,
  endedAt: 6,
  forgetAt: 7,
  endedPlace: 8,
  waits: [[0, "no_capacity", 1, 2, "ci0"]],
  tries: [[1, "ci0", "taken", "null", 1]],
  runnerNames: ["linux.1"],
});
const entry = {
  at: 1,
  what: "taken",
  id: "a",
  repo: "o/r",
  run: "1",
  count: 1,
  attempts: 2,
  waitedMs: 3,
  monitors: ["ci0"],
  runners: ["ci0/1"],
  names: ["linux.1"],
  by: "kim",
  note: "disk",
  until: 4,
};
const documents: readonly {
  readonly name: string;
  readonly schema: ZodObject;
  readonly document: object;
  readonly optional: number;
}[] = [
  { name: "an act", schema: actSchema, document: { by: "kim", note: "", at: 1, until: null }, optional: 0 },
  {
    name: "a snapshot",
    schema: snapshotSchema,
    document: { askedAt: 1, idle: 2, target: 3, healthy: 4, isFailing: true, drainedAt: 5, drainedUntil: 6, freed: -7 },
    optional: 0,
  },
  {
    name: "takes",
    schema: takesSchema,
    document: {
      out: [["c", 1, 2]],
      settled: [[3, 4]],
      emptyAt: 5,
      refusedJobs: ["a"],
      refusals: 6,
      blockedUntil: 7,
      lastTakeAt: 8,
    },
    optional: 0,
  },
  {
    name: "a rate",
    schema: freedRateSchema,
    document: {
      at: 1,
      isScarce: true,
      freedSoFar: 2,
      monitors: "3",
      since: 4,
      scarceMs: 5,
      freed: 6,
      scarceMsBefore: 7,
      freedBefore: 8,
    },
    optional: 0,
  },
  {
    name: "a monitor's record",
    schema: monitorRecordSchema,
    document: {
      askedAt: 1,
      answeredAt: 2,
      failures: 3,
      profiles: { linux: 4 },
      nextAskAt: 5,
      begunAt: 6,
      pollId: "7",
      isIdlePolling: true,
    },
    optional: 0,
  },
  { name: "an entry of the history", schema: historyEntrySchema, document: entry, optional: 12 },
  { name: "a job", schema: jobSchema, document: job, optional: 17 },
];

describe.each(documents)("$name", ({ schema, document, optional }) => {
  it("is read as it was written", () => {
    expect(schema.parse(document)).toEqual(document);
  });

  it("is refused where a field that it must have is missing", () => {
    const missing = Object.keys(document).filter((key) => !schema.safeParse({ ...document, [key]: undefined }).success);
    expect(missing).toHaveLength(Object.keys(document).length - optional);
  });

  it("is refused where a field is of another kind", () => {
    const wrong = Object.keys(document).filter((key) => schema.safeParse({ ...document, [key]: Symbol() }).success);
    expect(wrong).toEqual([]);
  });

  it("may have fields of a later version, which are left out", () => {
    expect(schema.parse({ ...document, later: 1 })).toEqual(document);
  });
});

it("every happening may be written", () => {
  for (const what of happenings) expect(historyEntrySchema.parse({ at: 1, what })).toEqual({ at: 1, what });
  expect(happenings).toHaveLength(12);
});

it("nothing known is zero, empty and no", () => {
  const values = [noSnapshot, noTakes, freedRateUnknown, noRecord].flatMap((document) => Object.entries(document));
  for (const [key, value] of values) {
    expect([0, false, "", "[]", "{}"], key).toContain(typeof value === "object" ? JSON.stringify(value) : value);
  }
  expect(snapshotSchema.parse(noSnapshot)).toEqual(noSnapshot);
  expect(takesSchema.parse(noTakes)).toEqual(noTakes);
  expect(freedRateSchema.parse(freedRateUnknown)).toEqual(freedRateUnknown);
  expect(monitorRecordSchema.parse(noRecord)).toEqual(noRecord);
});
