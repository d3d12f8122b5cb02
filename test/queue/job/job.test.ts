// What every rule asks of a job.
import { describe, expect, it } from "vitest";
import {
  enqueuedAt,
  hasOpenLeg,
  heldSince,
  isOpen,
  isOver,
  isSameRequest,
  isTicketOf,
  type Job,
  jobStates,
  neededRunners,
  ticketOf,
} from "../../../src/queue/job/job.ts";
import { claimOf, jobOf, legOf, runnerOf, ticket } from "../../support/queue-data.ts";

it("a job is over in the states that it never leaves", () => {
  expect(jobStates.filter(isOver)).toEqual(["taken", "failed", "abandoned", "cancelled"]);
});

it("a ticket holds what was asked for and the place, and nothing else of the job", () => {
  expect(ticketOf(jobOf({ answer: "secret" }))).toStrictEqual(ticket);
  const all = { className: "merge", share: { start: 1, end: 2 }, expeditedAt: 3 };
  expect(ticketOf(jobOf(all))).toStrictEqual({ ...ticket, ...all });
});

it.each([
  { name: "its own", place: 7, first: undefined, expected: true },
  { name: "of its first generation", place: 9, first: { place: 7, runnerCount: 1 }, expected: true },
  { name: "of a generation in between", place: 9, first: { place: 6, runnerCount: 1 }, expected: false },
  { name: "another one", place: 8, first: undefined, expected: false },
])("a ticket is of a job: $name: $expected", ({ place, first, expected }) => {
  expect(isTicketOf({ place, ...(first !== undefined && { first }) }, { place: 7 })).toBe(expected);
});

it.each([
  [1_000, 1],
  [1_999, 1],
  [2_000, 2],
])("place %d was taken at %d ms", (place, expected) => {
  expect(enqueuedAt(place)).toBe(expected);
});

describe("what is in hand", () => {
  const held = (...times: number[]) => ({
    runnerCount: 3,
    runnersInHand: times.map((since, at) => ({ ...runnerOf(`${at}`), since })),
  });
  it.each([
    { name: "nothing", job: { runnerCount: 3 }, needed: 3, since: Number.POSITIVE_INFINITY },
    { name: "an empty list", job: held(), needed: 3, since: Number.POSITIVE_INFINITY },
    { name: "one", job: held(700), needed: 2, since: 700 },
    { name: "the older one counts", job: held(900, 700), needed: 1, since: 700 },
    { name: "all", job: held(1, 2, 3), needed: 0, since: 1 },
  ] as { name: string; job: Pick<Job, "runnerCount" | "runnersInHand">; needed: number; since: number }[])(
    "says how many runners are missing and since when the first is held: $name",
    ({ job, needed, since }) => {
      expect([neededRunners(job), heldSince(job)]).toEqual([needed, since]);
    },
  );
});

it.each([
  ["pending", true],
  ["unknown", true],
  ["taken", false],
  ["refused", false],
] as const)("a %s leg is open: %s", (state, expected) => {
  expect(isOpen({ state })).toBe(expected);
  expect(hasOpenLeg({ claim: claimOf([legOf({ state: "refused" }), legOf({ state })]) })).toBe(expected);
});

it("without a claim nothing is open", () => {
  expect(hasOpenLeg({})).toBe(false);
});

it.each([
  { name: "the same", other: {}, expected: true },
  { name: "GitHub does not regard the case of a repository", other: { qualifiedRepo: "O/R" }, expected: true },
  { name: "another id", other: { uniqueId: "b" }, expected: false },
  { name: "an id in another case", other: { uniqueId: "A" }, expected: false },
  { name: "another profile", other: { profileKey: "mac" }, expected: false },
  { name: "another count", other: { runnerCount: 2 }, expected: false },
  { name: "another repository", other: { qualifiedRepo: "o/s" }, expected: false },
  { name: "another run", other: { runId: "2" }, expected: false },
  { name: "another place is the same request", other: { place: 7 }, expected: true },
])("two requests are one job only if all five parts are equal: $name", ({ other, expected }) => {
  expect(isSameRequest(ticket, { ...ticket, ...other })).toBe(expected);
  expect(isSameRequest({ ...ticket, ...other }, ticket)).toBe(expected);
});
