// Rerun: what GitHub's word would do, by a person's.
import { describe, expect, it } from "vitest";
import type { Job } from "../../../../src/queue/job/job.ts";
import { rerunOperation } from "../../../../src/queue/operations/word/rerun.ts";
import { claimedJobOf, jobOf, now, ticket, viewOf } from "../../../support/queue-data.ts";

const ann = { by: "ann", note: "its host burnt" };
const rerun = (job: Job | null, who: typeof ticket | typeof ann = ticket) =>
  rerunOperation("linux", "a", who).decide(viewOf({ a: { job } }));
const taken = (more: Partial<Job> = {}) =>
  jobOf({
    state: "taken",
    isPresent: false,
    endedAt: now,
    forgetAt: now + 1_000_000,
    spentRunners: ["ci0/1"],
    ...more,
  });

it("reads the job, and takes a place at the end of the line", () => {
  const { name, profileKey, reads } = rerunOperation("linux", "a", ticket);
  expect({ name, profileKey, reads }).toEqual({
    name: "rerun",
    profileKey: "linux",
    reads: { jobs: [{ uniqueId: "a", order: null }], places: 1, front: true, flows: true },
  });
});

describe("a job that had its runners", () => {
  it("is in line again, at its end, for as many as it was enqueued for, and detached", () => {
    const known = taken({ runnerCount: 1, first: { place: ticket.place, runnerCount: 3 }, generation: 2, attempt: 4 });
    const { answer, change } = rerun(known);
    expect(answer).toMatchObject({ kind: "in_line", isNew: true });
    expect(change?.jobs?.[0]?.after).toMatchObject({
      state: "queued",
      place: now * 1000,
      runnerCount: 3,
      generation: 3,
      attempt: 5,
      detached: "queued",
      spentRunners: ["ci0/1"],
    });
  });

  it("takes its part of a line that is shared, and polls are no more its presence", () => {
    const policy = { default: {}, repositories: [], owners: [], classes: [], monitors: [] };
    const head = { virtualTime: { at: 7_000 }, flows: { "o/r": { end: 8_000 } } };
    const known = taken({ first: { place: ticket.place, runnerCount: 2 }, generation: 2 });
    const { answer, change } = rerunOperation("linux", "a", ticket).decide(viewOf({ a: { job: known }, head, policy }));
    const after = change?.jobs?.[0]?.after;
    expect(after).toMatchObject({ share: { start: 8_000, end: 10_000 }, attempt: 2, detached: "queued" });
    expect(after).not.toHaveProperty("isCounted");
    expect(answer).toEqual({ kind: "in_line", job: after, isNew: true });
    expect(change).toEqual({
      jobs: [{ before: known, after }],
      history: [
        { at: now, what: "queued", id: "a", repo: "o/r", run: "1", count: 2, attempts: 0, generation: 3, waitedMs: 0 },
      ],
      wake: ["a"],
      makesRoom: true,
    });
  });

  it("is re-run by another ticket of the same request, where the store was lost in between", () => {
    expect(rerun(taken(), { ...ticket, place: 5 }).answer).toMatchObject({ kind: "in_line", isNew: true });
  });

  it("says who did it and why, where that was an operator", () => {
    expect(rerun(taken(), ann).change?.history).toMatchObject([{ what: "queued", generation: 2, ...ann }]);
    expect(rerun(taken()).change?.history?.[0]).not.toHaveProperty("by");
  });

  it("is re-run by its first ticket, also when it is a later generation", () => {
    const later = taken({ place: now * 1000 - 5, first: { place: ticket.place, runnerCount: 1 }, generation: 2 });
    expect(rerun(later).answer).toMatchObject({ kind: "in_line", isNew: true });
  });
});

it.each<[string, Job | null, typeof ticket | typeof ann, object]>([
  ["in line already: again is fine", jobOf(), ticket, { kind: "in_line", job: jobOf(), isNew: false }],
  ["being asked for: the same", claimedJobOf(), ann, { kind: "in_line", isNew: false }],
  ["never served: enqueue is for that", taken({ state: "cancelled" }), ticket, { kind: "not_served" }],
  ["abandoned: the same", taken({ state: "abandoned" }), ann, { kind: "not_served" }],
  [
    "a re-run that was cancelled: once more",
    taken({ state: "cancelled", first: { place: ticket.place, runnerCount: 1 } }),
    ann,
    { kind: "in_line", isNew: true },
  ],
  ["a monitor may be at work for it", taken({ claim: claimedJobOf().claim }), ann, { kind: "settling" }],
  ["unknown", null, ann, { kind: "unknown" }],
  ["forgotten", taken({ forgetAt: now }), ann, { kind: "unknown" }],
  ["another job's ticket", taken(), { ...ticket, place: 5, runId: "2" }, { kind: "not_theirs" }],
])("%s", (_, job, who, expected) => {
  expect(rerun(job, who).answer).toMatchObject(expected);
});
