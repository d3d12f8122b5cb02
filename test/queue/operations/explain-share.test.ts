// Explain, in a line that is shared: whom a job's share puts before it, and who may still pass. By
// cases.
import { describe, expect, it } from "vitest";
import type { Job } from "../../../src/queue/job/job.ts";
import { explainShareOperation } from "../../../src/queue/operations/explain-share.ts";
import type { Policy } from "../../../src/queue/policy/policy.ts";
import { capacityOf, enqueuedAt, jobOf, now, rowOf, viewOf } from "../../support/queue-data.ts";

const policy: Policy = {
  default: {},
  repositories: [{ pattern: "big/*", weight: 2 }],
  owners: [],
  classes: [],
  monitors: [],
};
const place = enqueuedAt * 1000;
const shared = (uniqueId: string, qualifiedRepo: string, start: number, at: number, more: Partial<Job> = {}): Job =>
  jobOf({ uniqueId, qualifiedRepo, place: place + at, share: { start, end: start + 1_000 }, ...more });
const mine = shared("a", "me/mine", 5_000, 0);
const explain = (job: Job | null, listed: readonly Job[], more: Partial<Parameters<typeof viewOf>[0]> = {}) =>
  explainShareOperation("linux", "a", "order").decide(
    viewOf({
      a: { job, ahead: [{ need: 1, jobs: listed.filter(({ share }) => (share?.start ?? 0) < 5_000).length }] },
      listed: [...listed, ...(job === null ? [] : [job])],
      capacity: capacityOf({ ci0: rowOf(0) }),
      policy,
      head: { virtualTime: { at: 1_000 }, flows: {} },
      ...more,
    }),
  ).answer;
const flow = (repository: string, weight: number, rule: string) => ({ repository, className: null, weight, rule });

it("reads its job, a thousand others, and the flows", () => {
  const { name, profileKey, reads } = explainShareOperation("linux", "a", "1");
  expect({ name, profileKey, reads }).toEqual({
    name: "explain",
    profileKey: "linux",
    reads: { jobs: [{ uniqueId: "a", order: "1" }], listed: 1_000, flows: true },
  });
});

it("tells those ahead flow by flow, and what plain order of enqueue would make of it", () => {
  const line = [
    shared("b", "me/mine", 4_000, -5),
    shared("c", "big/one", 1_000, 1),
    shared("d", "big/one", 1_500, 2),
    shared("e", "big/one", 9_000, -9),
  ];
  expect(explain(mine, line)).toMatchObject({
    flow: flow("me/mine", 1, "default"),
    ahead: [
      { flow: flow("me/mine", 1, "default"), jobs: 1, runners: 1 },
      { flow: flow("big/one", 2, "big/*"), jobs: 2, runners: 2 },
    ],
    position: 4,
    fifoPosition: 3,
  });
});

it("counts those of before by their place, whatever their share is", () => {
  const line = [shared("b", "big/one", 9_000, -1), shared("c", "big/one", 1_000, 1), shared("d", "big/one", 1_500, 2)];
  expect(explain(mine, line)?.fifoPosition).toBe(2);
});

it("tells of one that needs all that can be served, and of those that are not listed by what each needs", () => {
  const gang = shared("c", "big/one", 1_000, 1, { runnerCount: 9 });
  const ahead = [
    { need: 3, jobs: 1 },
    { need: 9, jobs: 1 },
  ];
  expect(explain(mine, [gang], { a: { job: mine, ahead } })).toMatchObject({
    ahead: [
      { flow: flow("big/one", 2, "big/*"), jobs: 1, runners: 9 },
      { flow: null, jobs: 1, runners: 3 },
    ],
    position: 3,
  });
});

describe("who may still pass", () => {
  const other = shared("c", "big/one", 1_000, 1);
  it.each([
    {
      name: "from where its flow goes on: one for each 500 of virtual time",
      flows: { "big/one": { end: 4_000 } },
      expected: 2,
    },
    { name: "one that begins a moment before", flows: { "big/one": { end: 4_999 } }, expected: 1 },
    { name: "none that begins with it: it is later in place", flows: { "big/one": { end: 5_000 } }, expected: 0 },
    { name: "from the virtual time, where its flow is behind that", flows: {}, expected: 8 },
  ])("$name", ({ flows, expected }) => {
    const answer = explain(mine, [other], { head: { virtualTime: { at: 1_000 }, flows } });
    expect(answer?.mayPass.map(({ jobs }) => jobs) ?? []).toEqual(expected === 0 ? [] : [expected]);
    expect(answer?.mayPass.map((one) => one.flow)).toEqual(expected === 0 ? [] : [flow("big/one", 2, "big/*")]);
    // as heavy as the policy has any
    expect(answer?.mayPassOfNewcomer).toBe(8);
  });

  it("what left its flow's middle may come back to it, where that lies before the job", () => {
    const gone: [number, number][] = [
      [500, 1_500],
      [2_000, 2_600],
      [6_000, 7_000],
    ];
    const answer = explain(mine, [other], {
      head: { virtualTime: { at: 1_000 }, flows: { "big/one": { end: 8_000, gone } } },
    });
    expect(answer?.mayPass.map(({ jobs }) => jobs)).toEqual([1 + 2]);
  });

  it("none of its own flow: those are in order", () => {
    const own = shared("b", "me/mine", 9_000, 1);
    expect(explain(mine, [own], { head: { virtualTime: { at: 1_000 }, flows: {} } })?.mayPass).toEqual([]);
  });

  it("a newcomer's jobs, one for each runner's cost, also from the beginning of time", () => {
    const far = shared("a", "me/mine", 5_001_000, 0);
    expect(explain(far, [])?.mayPassOfNewcomer).toBe(10_000);
    expect(explain(mine, [], { head: { virtualTime: null, flows: {} } })?.mayPassOfNewcomer).toBe(10);
  });

  it("nobody passes one at the front, nor one that is being asked for", () => {
    for (const job of [
      { ...mine, expeditedAt: now },
      { ...mine, state: "claimed" as const },
    ]) {
      expect(explain(job, [other])).toMatchObject({ mayPass: [], mayPassOfNewcomer: 0 });
    }
    expect(explain({ ...mine, state: "claimed" }, [other])).toMatchObject({
      position: null,
      fifoPosition: null,
      ahead: [],
    });
  });
});

it("what is not listed is counted all the same, without its flow; what nobody can serve, and who is not in line, is not", () => {
  const line = [
    shared("c", "big/one", 1_000, 1),
    shared("d", "big/one", 1_500, 2, { runnerCount: 10 }),
    shared("e", "big/one", 1_600, 3, { isPresent: false }),
  ];
  const ahead = [
    { need: 1, jobs: 4 },
    { need: 10, jobs: 1 },
  ];
  expect(explain(mine, line, { a: { job: mine, ahead } })).toMatchObject({
    ahead: [
      { flow: flow("big/one", 2, "big/*"), jobs: 1, runners: 1 },
      { flow: null, jobs: 3, runners: 3 },
    ],
    position: 5,
  });
});

it.each([
  { name: "no policy is in force", job: mine, more: { policy: undefined } },
  { name: "its place is its order", job: jobOf(), more: {} },
  { name: "nobody knows the job", job: null, more: {} },
])("there is nothing to tell where $name", ({ job, more }) => {
  expect(explain(job, [], more)).toBeNull();
});
