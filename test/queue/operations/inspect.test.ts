// Inspect and overview: how a job, or a whole profile, stands. They change nothing.
import { describe, expect, it } from "vitest";
import {
  claimableOperation,
  inspectOperation,
  liveJobsOperation,
  overviewOperation,
} from "../../../src/queue/operations/inspect.ts";
import {
  capacityOf,
  claimedJobOf,
  headOf,
  jobOf,
  lostAt,
  now,
  rowOf,
  runnerOf,
  viewOf,
} from "../../support/queue-data.ts";

const paused = { by: "kim", note: "", at: 1, until: null };

describe("a job is looked up", () => {
  const ahead = [
    { need: 1, jobs: 2 },
    { need: 10, jobs: 3 },
  ];
  const job = jobOf();
  const tombstone = jobOf({ state: "failed", forgetAt: now + 1 });
  it.each([
    { name: "unknown", job: null, order: "1", expected: { kind: "unknown" } },
    { name: "forgotten", job: jobOf({ state: "failed", forgetAt: now }), order: "1", expected: { kind: "unknown" } },
    {
      name: "over: it waits for nothing",
      job: tombstone,
      order: null,
      expected: { kind: "job", job: tombstone, position: null, outlook: null, ahead: null, now },
    },
    { name: "where it stands was not asked for", job, order: null, expected: { kind: "unplaced", job, now } },
    {
      name: "it waits, behind those that can be served",
      job,
      order: "1",
      expected: {
        kind: "job",
        job,
        position: 3,
        outlook: { reason: "not_your_turn", runnersBefore: 2 },
        ahead: { jobs: 2, runners: 2 },
        now,
      },
    },
    {
      name: "it is claimed: it stands nowhere",
      job: claimedJobOf(),
      order: "1",
      expected: {
        kind: "job",
        job: claimedJobOf(),
        position: null,
        outlook: { reason: "claim_in_flight", runnersBefore: null },
        ahead: { jobs: 2, runners: 2 },
        now,
      },
    },
  ])("$name", ({ job: known, order, expected }) => {
    const { name, profileKey, reads, decide } = inspectOperation("linux", "a", order);
    expect({ name, profileKey, reads }).toEqual({
      name: "inspect",
      profileKey: "linux",
      reads: { jobs: [{ uniqueId: "a", order }] },
    });
    expect(decide(viewOf({ a: { job: known, ahead } }))).toEqual({ answer: expected });
  });
});

describe("a profile is looked at", () => {
  const look = (view: Parameters<typeof viewOf>[0], limit = 50) =>
    overviewOperation("linux", limit).decide(viewOf(view)).answer;
  const at = (uniqueId: string, place: number, more = {}) => jobOf({ uniqueId, place, ...more });

  it("reads sizes, figures and the first jobs", () => {
    const { name, profileKey, reads } = overviewOperation("linux", 50);
    expect({ name, profileKey, reads }).toEqual({
      name: "overview",
      profileKey: "linux",
      reads: { sizes: true, figures: true, listed: 50 },
    });
  });

  it("nobody waits", () => {
    const view = viewOf();
    expect(overviewOperation("linux", 50).decide(view).answer).toEqual({
      now,
      lostAt,
      paused: null,
      capacity: view.capacity,
      waitingJobs: 0,
      wantedRunners: 0,
      oldestPlace: null,
      jobs: [],
      chart: view.head.chart,
    });
  });

  it("those aside wait as well; those claimed do not", () => {
    const sizes = { line: [{ need: 2, jobs: 3 }], aside: [{ need: 1, jobs: 1 }], claimed: [{ need: 1, jobs: 9 }] };
    expect(look({ sizes })).toMatchObject({ waitingJobs: 4, wantedRunners: 7 });
  });

  it.each([
    { name: "for ever", act: paused, expected: paused },
    { name: "its time is over", act: { ...paused, until: now }, expected: null },
  ])("it is paused: $name", ({ act, expected }) => {
    expect(look({ head: { paused: act } }).paused).toEqual(expected);
  });

  it("jobs stand in order of place, then of id, each with its position and reason; who does not wait in line holds nobody back", () => {
    const listed = [
      at("late", 90),
      at("b", 20),
      at("a", 20),
      at("asleep", 30, { isPresent: false }),
      at("aside", 40, { asideUntil: now + 1 }),
      at("suspect", 50, { clearedFor: 1 }),
      at("huge", 60, { runnerCount: 10 }),
      at("gang", 70, { runnerCount: 3, runnersInHand: [{ ...runnerOf("1"), since: now }] }),
      { ...claimedJobOf(), uniqueId: "claimed", place: 10 },
    ];
    const { jobs, oldestPlace } = look({ listed, capacity: capacityOf({ ci0: rowOf(2) }) });
    expect(jobs.map(({ job, position, reason }) => [job.uniqueId, position, reason])).toEqual([
      ["claimed", null, "claim_in_flight"],
      ["a", 1, "your_turn"],
      ["b", 2, "your_turn"],
      ["asleep", 3, "asleep"],
      ["aside", 3, "stands_aside"],
      ["suspect", 3, "reconciling"],
      ["huge", 3, "unsatisfiable_now"],
      ["gang", 3, "not_your_turn"],
      ["late", 4, "not_your_turn"],
    ]);
    expect(oldestPlace).toBe(20);
  });

  it("places that are equal are in order of id, however they are listed", () => {
    const ids = ["d", "b", "e", "a", "c"];
    const listed = ids.map((id) => at(id, 7));
    for (const order of [listed, listed.toReversed()]) {
      expect(look({ listed: order }).jobs.map(({ job }) => job.uniqueId)).toEqual(["a", "b", "c", "d", "e"]);
    }
  });

  it("how long each will wait is told where it waits for runners, and where that is known", () => {
    const freedRate = { ...headOf().freedRate, freed: 10, scarceMs: 100_000 };
    const listed = [
      { ...claimedJobOf(), uniqueId: "claimed", place: 1 },
      at("a", 2),
      at("asleep", 3, { isPresent: false }),
    ];
    const { jobs } = look({ listed, head: { freedRate }, capacity: capacityOf({ ci0: rowOf(0) }) });
    expect(jobs.map(({ estimate }) => estimate)).toEqual([null, { lowSeconds: 2, highSeconds: 39 }, null]);
  });

  it("one that has some in hand holds others back by what it lacks", () => {
    const gang = at("gang", 1, { runnerCount: 3, runnersInHand: [{ ...runnerOf("1"), since: now }] });
    const { jobs } = look({ listed: [gang, at("next", 2)], capacity: capacityOf({ ci0: rowOf(3) }) });
    expect(jobs.map(({ reason }) => reason)).toEqual(["your_turn", "your_turn"]);
  });

  it("one that needs as much as can be served holds others back", () => {
    const listed = [at("gang", 1, { runnerCount: 9 }), at("next", 2)];
    expect(look({ listed }).jobs.map(({ position }) => position)).toEqual([1, 2]);
  });

  it("no more jobs are listed than were asked for", () => {
    expect(look({ listed: [at("c", 3), at("a", 1), at("b", 2)] }, 2).jobs.map(({ job }) => job.uniqueId)).toEqual([
      "a",
      "b",
    ]);
  });
});

it("news is worth asking for of those first that only GitHub's word keeps in line, each in order", () => {
  const { name, profileKey, reads, decide } = liveJobsOperation("linux", 3);
  expect({ name, profileKey, reads }).toEqual({ name: "live_jobs", profileKey: "linux", reads: { listed: 3 } });
  const at = (uniqueId: string, place: number, more = {}) => jobOf({ uniqueId, place, ...more });
  const word = { detached: "queued" };
  const listed = [at("d", 4), at("c", 3, word), at("a", 1), at("b", 2, word)];
  for (const order of [listed, listed.toReversed()]) {
    const { answer } = decide(viewOf({ listed: order }));
    expect(answer.map(({ uniqueId }) => uniqueId)).toEqual(["b", "c", "a"]);
  }
});

it("monitors that fetch are named where an offer waits for them", () => {
  const leg = { claimId: "c", uniqueId: "a", runners: 1, qualifiedRepo: "o/r", runId: "1", until: now + 1 };
  const rows = {
    offered: rowOf(1, {
      pulled: [
        { ...leg, state: "accepted" },
        { ...leg, state: "offered" },
      ],
    }),
    over: rowOf(1, { pulled: [{ ...leg, state: "offered", until: now }] }),
    accepted: rowOf(1, { pulled: [{ ...leg, state: "accepted" }] }),
    called: rowOf(1),
  };
  const { answer } = claimableOperation("linux").decide(viewOf({ capacity: capacityOf(rows) }));
  expect(answer.offeredTo).toEqual(["offered"]);
});

it.each([
  { name: "whose turn it is", head: {}, expected: ["a"] },
  { name: "nobody's, while the profile is paused", head: { paused }, expected: [] },
  { name: "when a pause is over", head: { paused: { ...paused, until: now } }, expected: ["a"] },
])("waiters whose wake was lost are named: $name", ({ head, expected }) => {
  const { name, profileKey, reads, decide } = claimableOperation("linux");
  expect({ name, profileKey, reads }).toEqual({ name: "claimable", profileKey: "linux", reads: { front: true } });
  const front = [
    { uniqueId: "a", need: 1, order: "0000000000000001" },
    { uniqueId: "b", need: 1, order: "0000000000000002" },
  ];
  expect(decide(viewOf({ front, head }))).toEqual({ answer: { lostAt, uniqueIds: expected, offeredTo: [] } });
});
