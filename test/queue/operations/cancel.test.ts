// A cancel: a place is given up at once.
import { describe, expect, it } from "vitest";
import type { Job } from "../../../src/queue/job/job.ts";
import { cancelOperation } from "../../../src/queue/operations/cancel.ts";
import { claimedJobOf, jobOf, now, runnerOf, ticket, viewOf } from "../../support/queue-data.ts";

const ann = { by: "ann", note: "hangs" };
const cancel = (job: Job | null, by: typeof ticket | typeof ann = ticket) =>
  cancelOperation("linux", "a", by).decide(viewOf({ a: { job } }));
const over = { state: "cancelled", isPresent: false, endedAt: now, forgetAt: now + 3_600_000 };
const entry = { at: now, what: "cancelled", id: "a", repo: "o/r", run: "1", count: 1, attempts: 0, waitedMs: 10_000 };

it("reads its job, and whose turn it is next", () => {
  const { name, profileKey, reads } = cancelOperation("linux", "a", ticket);
  expect({ name, profileKey, reads }).toEqual({
    name: "cancel",
    profileKey: "linux",
    reads: { jobs: [{ uniqueId: "a", order: null }], front: true, flows: true },
  });
});

describe("a job that lives is cancelled, its waiters are woken and others may go", () => {
  it.each([
    { name: "by its ticket", job: jobOf(), by: ticket, entry },
    { name: "by an operator", job: jobOf(), by: ann, entry: { ...entry, ...ann } },
    {
      name: "by a ticket of the same request",
      job: jobOf({ place: ticket.place + 5_000_000 }),
      by: ticket,
      entry: { ...entry, waitedMs: 5_000 },
    },
    {
      name: "at its own place, whatever it says",
      job: jobOf({ runId: "2" }),
      by: ticket,
      entry: { ...entry, run: "2" },
    },
    { name: "while it is claimed", job: claimedJobOf(), by: ticket, entry: { ...entry, attempts: 1 } },
  ])("$name", ({ job, by, entry: expected }) => {
    const after = { ...job, ...over, forgetAt: expect.any(Number) };
    expect(cancel(job, by)).toEqual({
      answer: { kind: "cancelled", job: after, leaked: [] },
      change: { jobs: [{ before: job, after }], history: [expected], wake: ["a"], makesRoom: true },
    });
  });

  it.each([
    { name: "unknown", stored: null },
    { name: "its tombstone is forgotten", stored: jobOf({ state: "failed", forgetAt: now }) },
  ])("also where the store lost it, so that no late poll brings it back: $name", ({ stored }) => {
    const { answer, change } = cancel(stored);
    expect(answer).toMatchObject({ kind: "cancelled", job: over });
    expect(change?.jobs).toMatchObject([{ before: stored, after: over }]);
    expect(change?.history).toEqual([entry]);
  });

  it("and lets go of what it has in hand", () => {
    const job = jobOf({ runnerCount: 2, runnersInHand: [{ ...runnerOf("1"), since: now - 1 }] });
    const { answer } = cancel(job);
    expect(answer).toMatchObject({ kind: "cancelled", leaked: ["ci0/1"], job: { spentRunners: ["ci0/1"] } });
    expect((answer as { job: Job }).job).not.toHaveProperty("runnersInHand");
  });
});

it.each([
  { name: "nobody knows it", job: null, by: ann, expected: { kind: "unknown" } },
  { name: "it is forgotten", job: jobOf({ state: "failed", forgetAt: now }), by: ann, expected: { kind: "unknown" } },
  { name: "the ticket is another's", job: jobOf({ place: 7, runId: "2" }), by: ticket, expected: { kind: "unknown" } },
  {
    name: "it is over",
    job: jobOf({ state: "taken", forgetAt: now + 1 }),
    by: ticket,
    expected: { kind: "over", state: "taken" },
  },
] as const)("nothing is written where there is nothing to cancel: $name", ({ job, by, expected }) => {
  expect(cancel(job, by)).toEqual({ answer: expected });
});
