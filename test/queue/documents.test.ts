// What stores keep is read as it was written, field by field; a field that is missing or of another
// kind is refused.
import { describe, expect, it } from "vitest";
import type { ZodObject } from "zod";
import { actSchema } from "../../src/queue/acts.ts";
import { noSnapshot, noTakes, snapshotSchema, takesSchema } from "../../src/queue/fleet/fleet.ts";
import { freedRateSchema, freedRateUnknown } from "../../src/queue/fleet/freed-rate.ts";
import { monitorRecordSchema, noRecord } from "../../src/queue/fleet/monitor-record.ts";
import { type PullRecord, pullRecordSchema } from "../../src/queue/fleet/pull-record.ts";
import { type PulledLeg, pulledLegSchema } from "../../src/queue/fleet/pulled-legs.ts";
import { sightingSchema } from "../../src/queue/fleet/sighting.ts";
import { happenings, historyEntrySchema } from "../../src/queue/history.ts";
import type { GithubWord } from "../../src/queue/job/github-word.ts";
import { jobSchema } from "../../src/queue/job/job.ts";
import { flowsSchema, virtualTimeSchema } from "../../src/queue/line/shares.ts";
import { claimedJobOf, claimOf, legOf, runnerOf } from "../support/queue-data.ts";

const word: GithubWord = [{ id: 1, attempt: 2, state: "in_progress", runner: "linux.1", generation: 3 }];
const job = claimedJobOf([], {
  claim: claimOf([
    legOf({ isCharged: true, words: "null" }),
    legOf({ monitor: "ci1", state: "taken", offeredUntil: 1, acceptedAt: 2 }),
  ]),
  className: "merge",
  share: { start: 1, end: 2 },
  expeditedAt: 3,
  holder: "h",
  heldUntil: 4,
  clockSince: 5,
  asideUntil: 1,
  limit: { scope: "owner", name: "o", maxRunners: 2, inUse: 1 },
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
  traceParent: "00-1",
  runnerNames: ["linux.1"],
  generation: 2,
  first: { place: 1, runnerCount: 2 },
  detached: "awaited",
  isCounted: true,
  attempt: 2,
  word,
  start: { state: "starting", since: 1, reservedAt: 2, runners: ["ci0/1"], lookAt: 3 },
  restarts: 1,
  avoided: ["ci0"],
});
const entry = {
  at: 1,
  what: "taken",
  id: "a",
  repo: "o/r",
  run: "1",
  class: "merge",
  count: 1,
  attempts: 2,
  generation: 2,
  waitedMs: 3,
  monitors: ["ci0"],
  runners: ["ci0/1"],
  names: ["linux.1"],
  by: "kim",
  note: "disk",
  until: 4,
};
const pulled: PulledLeg = {
  claimId: "c",
  uniqueId: "a",
  runners: 1,
  qualifiedRepo: "o/r",
  runId: "1",
  state: "taken",
  until: 2,
  order: { bootAt: 3, seq: 4 },
  isListed: true,
  key: "k",
  ids: ["1"],
};
const pull: PullRecord = {
  boot: "b",
  bootAt: 1,
  formerBoots: ["a"],
  seq: 2,
  fetchedAt: 3,
  presentUntil: 4,
  reservations: "digest",
  wantedAt: 5,
  listsAll: true,
  inFlight: { key: "k", callId: "c", until: 6 },
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
    document: {
      askedAt: 1,
      idle: 2,
      target: 3,
      healthy: 4,
      isFailing: true,
      drainedAt: 5,
      drainedUntil: 6,
      freed: -7,
      pull: { bootAt: 1, seq: 2, presentUntil: 3 },
    },
    optional: 1,
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
      pulled: [pulled],
    },
    optional: 1,
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
      pull,
    },
    optional: 1,
  },
  { name: "what is known of a monitor that fetches", schema: pullRecordSchema, document: pull, optional: 2 },
  { name: "a leg that its monitor fetches", schema: pulledLegSchema, document: pulled, optional: 4 },
  {
    name: "a runner that was seen",
    schema: sightingSchema,
    document: { id: "1", uniqueId: "a", isBusy: true, since: 1 },
    optional: 0,
  },
  { name: "a virtual time", schema: virtualTimeSchema, document: { at: 1 }, optional: 0 },
  { name: "an entry of the history", schema: historyEntrySchema, document: entry, optional: 14 },
  { name: "a job", schema: jobSchema, document: job, optional: 33 },
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

it("a flow is kept with the parts that come back to it", () => {
  const flows = { "o/r merge": { end: 3, gone: [[1, 2]] }, "o/s": { end: 4 } };
  expect(flowsSchema.parse(flows)).toEqual(flows);
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
