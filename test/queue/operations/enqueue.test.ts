// An enqueue: the next place of its line, the same place again, or why not.
import { describe, expect, it } from "vitest";
import type { Job } from "../../../src/queue/job/job.ts";
import { orderOf } from "../../../src/queue/line/line.ts";
import {
  type EnqueueCommand,
  enqueueOperation,
  headWithShare,
  heard,
  previewOrderOperation,
} from "../../../src/queue/operations/enqueue.ts";
import {
  capacityOf,
  claimedJobOf,
  jobOf,
  legOf,
  lostAt,
  now,
  rowOf,
  settings,
  ticket,
  viewOf,
} from "../../support/queue-data.ts";

const { place: _, ...request } = ticket;
type View = Parameters<typeof viewOf>[0] & {};
function enqueue(
  known: Job | null,
  { command = {}, ...view }: View & { readonly command?: Partial<EnqueueCommand> } = {},
) {
  const operation = enqueueOperation({ request, bookedAt: now, isFleetKnown: true, ...command });
  return operation.decide(viewOf({ ...view, a: { job: known } }));
}
const runners = (runnerCount: number) => ({ request: { ...request, runnerCount } });
const fresh = {
  ...ticket,
  place: now * 1000,
  state: "queued",
  heardAt: 0,
  isPresent: true,
  presentUntil: now + 4_000,
  abandonAt: now + 30_000,
  attempts: 0,
  refusals: 0,
  clearedFor: lostAt,
};
const history = [{ at: now, what: "queued", id: "a", repo: "o/r", run: "1", count: 1, attempts: 0, waitedMs: 0 }];
const silence = { silentSince: now - 1_000, heardSince: 0 };
const isHeard = { silence: { silentSince: null, heardSince: now } };

it("reads its job, a place, and how many wait", () => {
  const { name, profileKey, reads } = enqueueOperation({ request, bookedAt: now, isFleetKnown: true });
  expect({ name, profileKey, reads }).toEqual({
    name: "enqueue",
    profileKey: "linux",
    reads: { jobs: [{ uniqueId: "a", order: null }], places: 1, sizes: true, flows: true },
  });
});

describe("where a job would come", () => {
  const policy = { default: {}, repositories: [], owners: [], classes: [], monitors: [] };
  const head = { virtualTime: { at: 7_000 }, flows: { "o/r": { end: 8_000 } } };
  it("is its order in a line that is shared, and nothing where places are the order", () => {
    const preview = previewOrderOperation("linux", request);
    expect([preview.name, preview.profileKey, preview.reads]).toEqual(["preview_order", "linux", { flows: true }]);
    expect(preview.decide(viewOf({ policy, head }))).toEqual({
      answer: orderOf({ place: now * 1_000, share: { start: 8_000, end: 9_000 } }),
    });
    expect(preview.decide(viewOf({}))).toEqual({ answer: null });
  });
});

describe("a line that is shared", () => {
  const policy = { default: {}, repositories: [], owners: [], classes: [], monitors: [] };
  const head = { virtualTime: { at: 7_000 }, flows: { "o/r": { end: 8_000 } } };
  const share = { start: 8_000, end: 10_000 };
  const after = { virtualTime: { at: 7_000 }, flows: { "o/r": { end: 10_000 } } };

  it("gives a new job its part", () => {
    const { answer, change } = enqueue(null, { policy, head, command: runners(2) });
    expect(answer).toMatchObject({ kind: "accepted", share });
    expect(change?.jobs).toEqual([{ before: null, after: { ...fresh, runnerCount: 2, share } }]);
    expect(change?.head).toEqual(after);
  });

  it("gives a re-run one of its own, at the end", () => {
    const known = jobOf({ state: "taken", runnerCount: 2, share: { start: 1, end: 2 } });
    const { change } = enqueue(known, { policy, head, command: { ...runners(2), runAttempt: 2 } });
    const job = change?.jobs?.[0]?.after;
    expect(job).toMatchObject({ place: now * 1000, generation: 2, runnerCount: 2, attempt: 2, share });
    expect(job).not.toHaveProperty("isCounted");
    expect(change?.head).toEqual(after);
  });

  it("tells who asks again which part they have", () => {
    expect(enqueue(jobOf({ share })).answer).toMatchObject({ isNew: false, share });
  });

  it("is in order of places again with the first job that comes without a policy", () => {
    expect(enqueue(null, { head }).change?.head).toEqual({ virtualTime: null, flows: {} });
    expect(headWithShare(viewOf({ policy }), jobOf()), "and stays as it is where it was never shared").toEqual({});
  });
});

describe("a policy that is there no more", () => {
  const place = now * 1_000;
  const head = (end: number) => ({ virtualTime: { at: 7_000 }, flows: { "o/far": { end }, "o/r": { end: 8_000 } } });
  it("leaves its line in order: who comes stands behind all who were promised a part that lies ahead", () => {
    const { answer, change } = enqueue(null, { head: head(place + 5_000), command: runners(2) });
    const share = { start: place + 5_000, end: place + 7_000 };
    expect(answer).toMatchObject({ kind: "accepted", share });
    expect(change?.head).toMatchObject({ flows: { "o/far": { end: place + 5_000 }, "o/r": { end: place + 7_000 } } });
  });

  it("is forgotten once all of them are past", () => {
    const { answer, change } = enqueue(null, { head: head(place) });
    expect(answer).toMatchObject({ kind: "accepted", share: undefined });
    expect(change?.head).toEqual({ virtualTime: null, flows: {} });
  });
});

describe("a job that is enqueued for nobody to poll", () => {
  it("is awaited: GitHub's first word has to come before it is abandoned", () => {
    const { change } = enqueue(null, { command: { isDetached: true } });
    expect(change?.jobs?.[0]?.after).toEqual({
      ...fresh,
      detached: "awaited",
      presentUntil: now + 30_000,
      abandonAt: now + 30_000,
    });
  });

  it("is polled for where that was not said", () => {
    expect(enqueue(null, { command: { isDetached: false } }).change?.jobs?.[0]?.after).toEqual(fresh);
  });
});

it("a job knows the trace that its enqueue was part of, if it was part of one", () => {
  const traced = enqueue(null, { command: { traceParent: "00-1" } });
  expect(traced.change?.jobs?.[0]?.after?.traceParent).toBe("00-1");
  expect(enqueue(null).change?.jobs?.[0]?.after).not.toHaveProperty("traceParent");
});

describe("a job's class is part of what is asked for", () => {
  const ofClass = (className: string | undefined) => ({ request: { ...request, className } });
  const classes = [{ name: "merge" }];
  const policy = { default: {}, repositories: [], owners: [], classes, monitors: [] };
  it("and goes with the job, and with the answer", () => {
    const { answer, change } = enqueue(null, { policy, command: ofClass("merge") });
    expect(answer).toMatchObject({ kind: "accepted", className: "merge" });
    expect(change?.jobs?.[0]?.after).toMatchObject({ className: "merge" });
  });

  it.each([
    { name: "the policy does not have", view: { policy }, className: "bulk" },
    { name: "nobody has, without a policy", view: {}, className: "merge" },
  ])("one that $name is refused", ({ view, className }) => {
    expect(enqueue(null, { ...view, command: ofClass(className) })).toEqual({ answer: { kind: "class_unknown" } });
  });

  it.each([
    ["merge", "merge", "accepted"],
    ["merge", "bulk", "conflict"],
    ["merge", undefined, "conflict"],
    [undefined, "merge", "conflict"],
  ])("a job of the class %s that is asked for as %s: %s", (known, asked, kind) => {
    const job = jobOf(known === undefined ? {} : { className: known });
    expect(enqueue(job, { command: ofClass(asked) }).answer.kind).toBe(kind);
  });

  it("unless it follows from claims: then the job keeps the one that it has", () => {
    const command = { ...ofClass("bulk"), isClassProven: true };
    const { answer } = enqueue(jobOf({ className: "merge" }), { command });
    expect(answer).toMatchObject({ kind: "accepted", className: "merge", isNew: false });
  });
});

describe("a new job takes the next place", () => {
  const accepted = { kind: "accepted", place: now * 1000, isNew: true };
  it.each([
    { name: "unknown", known: null, after: fresh },
    { name: "its tombstone is forgotten", known: jobOf({ state: "taken", forgetAt: now }), after: fresh },
    {
      name: "one of this id ended before: its tickets are of before",
      known: jobOf({ state: "cancelled", forgetAt: now + 1 }),
      after: { ...fresh, endedPlace: ticket.place },
    },
  ] as const)("$name", ({ known, after }) => {
    expect(enqueue(known)).toEqual({
      answer: accepted,
      change: { jobs: [{ before: known, after }], history, relies: { maxWaiting: 99 } },
    });
  });

  it("however many wait, where there is no limit", () => {
    const view = {
      settings: { ...settings, maxQueueDepth: null },
      sizes: { line: [{ need: 1, jobs: 1e6 }], aside: [], claimed: [] },
    };
    expect(enqueue(null, view)).toMatchObject({ answer: accepted, change: { relies: { maxWaiting: null } } });
  });

  it("and ends a silence of all", () => {
    expect(enqueue(null, { head: { silence } }).change?.head).toEqual(isHeard);
  });
});

describe("the attempt of the run", () => {
  const taken = (more: Partial<Job> = {}) =>
    jobOf({ state: "taken", isPresent: false, endedAt: now, forgetAt: now + 3_600_000, ...more });
  const attemptOf = (result: ReturnType<typeof enqueue>) => result.change?.jobs?.[0]?.after?.attempt;
  const of = (runAttempt: number) => ({ command: { runAttempt } });

  it("is remembered: of a new job, and of one in line that it reaches", () => {
    expect(attemptOf(enqueue(null, of(3)))).toBe(3);
    expect(attemptOf(enqueue(null, of(1)))).toBe(1);
    expect(attemptOf(enqueue(jobOf(), of(2)))).toBe(2);
    expect(attemptOf(enqueue(claimedJobOf(), of(2)))).toBe(2);
    expect(attemptOf(enqueue(jobOf({ attempt: 4 }), of(2)))).toBe(4);
    expect(attemptOf(enqueue(jobOf(), of(1)))).toBeUndefined();
  });

  it.each<[string, Job, number, object]>([
    ["a higher one than was served is the next generation", taken(), 2, { kind: "accepted", isNew: true }],
    ["the same one is the same job, whose answer is gone", taken({ attempt: 2 }), 2, { kind: "id_used" }],
    ["also where none was said before", taken(), 1, { kind: "id_used" }],
    ["a lower one, too", taken({ attempt: 3 }), 2, { kind: "id_used" }],
    [
      "a higher one while a monitor may be at work waits",
      taken({ claim: claimedJobOf().claim }),
      2,
      { kind: "settling" },
    ],
  ])("%s", (_, known, runAttempt, answer) => {
    expect(enqueue(known, of(runAttempt)).answer).toMatchObject(answer);
  });
});

describe("the same request again gets the same place, and is presence", () => {
  const answer = { kind: "accepted", place: ticket.place, isNew: false };
  it.each([
    { name: "while it waits", known: jobOf({ isPresent: false, presentUntil: 1, abandonAt: 2 }), isPresent: true },
    {
      name: "in another case of the repository",
      known: jobOf({ qualifiedRepo: "O/R", presentUntil: 1, abandonAt: 2 }),
      isPresent: true,
    },
    {
      name: "while it is claimed: it stays out of line",
      known: claimedJobOf([legOf()], { presentUntil: 1, abandonAt: 2 }),
      isPresent: false,
    },
  ])("$name", ({ known, isPresent }) => {
    const after = { ...known, heardAt: now, isPresent, presentUntil: now + 4_000, abandonAt: now + 30_000 };
    expect(enqueue(known)).toEqual({ answer, change: { jobs: [{ before: known, after }] } });
    expect(enqueue(known, { head: { silence } }).change?.head).toEqual(isHeard);
  });

  it("also after it was served, as long as its answer may be given: nothing is written", () => {
    const known = jobOf({ state: "taken", answer: "[1]", answerUntil: now + 1 });
    expect(enqueue(known)).toEqual({ answer });
  });

  it("without a fresh booking, and though the line is full or the fleet too small", () => {
    const view = { capacity: capacityOf({}), sizes: { line: [{ need: 1, jobs: 100 }], aside: [], claimed: [] } };
    expect(enqueue(jobOf(), { ...view, command: { bookedAt: 0 } }).answer).toEqual(answer);
  });
});

describe("an enqueue is refused", () => {
  const sizes = (line: number, aside: number) => ({
    sizes: { line: [{ need: 1, jobs: line }], aside: [{ need: 2, jobs: aside }], claimed: [{ need: 1, jobs: 9 }] },
  });
  it.each([
    { name: "another request lives under this id", known: jobOf({ runId: "2" }), expected: { kind: "conflict" } },
    {
      name: "another request was served under it",
      known: jobOf({ state: "taken", runId: "2", answer: "[1]", answerUntil: now + 1 }),
      expected: { kind: "conflict" },
    },
    {
      name: "this one was served, and its answer is too old",
      known: jobOf({ state: "taken", answer: "[1]", answerUntil: now }),
      expected: { kind: "id_used" },
    },
    {
      name: "a monitor is still at work for one that is over",
      known: claimedJobOf([legOf()], { state: "cancelled" }),
      expected: { kind: "settling" },
    },
    {
      name: "more runners than a limit of the policy allows: its turn would never come",
      known: null,
      command: runners(2),
      view: {
        policy: {
          default: {},
          repositories: [],
          owners: [{ pattern: "o", maxRunners: 1 }],
          classes: [],
          monitors: [],
        },
      },
      expected: { kind: "above_limit", limit: { scope: "owner", name: "o", maxRunners: 1 } },
    },
    {
      name: "more runners than all targets",
      known: null,
      command: runners(10),
      expected: { kind: "unsatisfiable", targets: 9 },
    },
    {
      name: "the same, while not every monitor was heard",
      known: null,
      command: { ...runners(10), isFleetKnown: false },
      expected: { kind: "fleet_unknown" },
    },
    {
      name: "no monitor is known",
      known: null,
      view: { capacity: capacityOf({}) },
      expected: { kind: "unsatisfiable", targets: 0 },
    },
    { name: "the line is full, those aside counted", known: null, view: sizes(60, 40), expected: { kind: "full" } },
    {
      name: "its id was booked more than a second ago",
      known: null,
      command: { bookedAt: now - 1_001 },
      expected: { kind: "booking_too_old" },
    },
    {
      name: "the booking is of one that ended",
      known: jobOf({ state: "failed" }),
      command: { bookedAt: 0 },
      expected: { kind: "booking_too_old" },
    },
  ])("$name", ({ known, command = {}, view = {}, expected }) => {
    expect(enqueue(known, { ...view, command })).toEqual({ answer: expected });
  });

  it.each([
    { name: "as many runners as all targets", command: runners(9), view: {} },
    {
      name: "targets of monitors that are not heard of now count",
      command: runners(9),
      view: { capacity: capacityOf({ ci0: rowOf(0, { askedAt: 1, isFailing: true }) }) },
    },
    { name: "one place is left in line", command: {}, view: sizes(59, 40) },
    { name: "its id was booked a second ago", command: { bookedAt: now - 1_000 }, view: {} },
  ])("not where $name", ({ command, view }) => {
    expect(enqueue(null, { ...view, command }).answer).toMatchObject({ kind: "accepted", isNew: true });
  });
});

describe("a caller goes elsewhere if too many runners have to come free first", () => {
  const line = [
    { need: 1, jobs: 2 },
    { need: 3, jobs: 1 },
    { need: 10, jobs: 4 },
  ];
  const sizes = { line, aside: [{ need: 1, jobs: 5 }], claimed: [] };
  const paused = { by: "kim", note: "", at: 1, until: null };
  // 5 are needed ahead, 2 by itself, 1 is idle
  it.each([
    { name: "too many", max: 5, head: {}, expected: { kind: "too_long", runnersBefore: 6 } },
    { name: "as many as they bear", max: 6, head: {}, expected: { kind: "accepted" } },
    { name: "nobody can say while the profile is paused", max: 0, head: { paused }, expected: { kind: "accepted" } },
    {
      name: "a pause that is over",
      max: 5,
      head: { paused: { ...paused, until: now } },
      expected: { kind: "too_long", runnersBefore: 6 },
    },
    { name: "they did not say", max: undefined, head: {}, expected: { kind: "accepted" } },
  ])("$name", ({ max, head, expected }) => {
    expect(enqueue(null, { sizes, head, command: { ...runners(2), maxRunnersBefore: max } }).answer).toMatchObject(
      expected,
    );
  });

  it("where the line is shared, those are before it who are before where it would come", () => {
    const ahead = [{ need: 1, jobs: 3 }];
    const command = { ...runners(2), order: "order", maxRunnersBefore: 3 };
    const operation = enqueueOperation({ bookedAt: now, isFleetKnown: true, ...command });
    const asked = (max: number) => ({ ...command, maxRunnersBefore: max });
    const answerAt = (max: number) =>
      enqueueOperation({ bookedAt: now, isFleetKnown: true, ...asked(max) }).decide(
        viewOf({ sizes, a: { job: null, ahead } }),
      ).answer;
    expect(operation.reads.jobs).toEqual([{ uniqueId: "a", order: "order" }]);
    // 3 ahead, 2 by itself, 1 is idle
    expect(answerAt(3)).toEqual({ kind: "too_long", runnersBefore: 4 });
    expect(answerAt(4)).toMatchObject({ kind: "accepted" });
  });

  it("and is counted as one who fell back", () => {
    const { change } = enqueue(null, { sizes, command: { ...runners(2), maxRunnersBefore: 5 } });
    expect(change).toEqual({ counts: [{ hour: 277, name: "r/o/r", otherwise: "r/*", by: 1 }] });
  });

  it("none, where enough are idle", () => {
    expect(enqueue(null, { command: { maxRunnersBefore: 0 } }).answer.kind).toBe("accepted");
  });
});

it("somebody is heard: a silence ends, and where there is none nothing is written", () => {
  expect(heard(viewOf())).toEqual({});
  expect(heard(viewOf({ head: { silence } }))).toEqual({ head: isHeard });
});
