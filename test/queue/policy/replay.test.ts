// The last hour in another order: the same jobs, the same runners at the same times, and only the
// order differs.
import { expect, it } from "vitest";
import type { HistoryEntry } from "../../../src/queue/history.ts";
import { compareOrders, type WeightOf } from "../../../src/queue/policy/replay.ts";
import { finishOf, startOf } from "../../../src/queue/policy/share.ts";

const start = 1_790_000_000_000;
const second = 1_000;
interface Past {
  readonly id: string;
  readonly repo: string;
  readonly came: number;
  readonly served?: number;
  readonly left?: number;
  /** how it left */
  readonly end?: "cancelled" | "abandoned" | "failed";
  readonly count?: number;
  readonly className?: string;
}

/** The history of these jobs, in seconds since the start, the newest first. */
function historyOf(jobs: readonly Past[]): HistoryEntry[] {
  const entries = jobs.flatMap(({ id, repo, came, served, left, end = "cancelled", count = 1, className }) => {
    const entry = (what: HistoryEntry["what"], at: number): HistoryEntry => ({
      at: start + at * second,
      what,
      id,
      repo,
      run: "1",
      count,
      attempts: 0,
      waitedMs: (at - came) * second,
      ...(className !== undefined && { class: className }),
    });
    return [
      entry("queued", came),
      ...(served === undefined ? [] : [entry("claimed", served), entry("taken", served + 2)]),
      ...(left === undefined ? [] : [entry(end, left)]),
    ];
  });
  return entries.toSorted((a, b) => b.at - a.at);
}
const compare = (jobs: readonly Past[], after: WeightOf, before: WeightOf = null, now = 1_000) =>
  compareOrders(historyOf(jobs), before, after, start, start + now * second);
const waitsOf = (comparison: ReturnType<typeof compareOrders>, repository: string) => {
  const flow = comparison.flows.find((one) => one.repository === repository);
  return [flow?.before.longestMs, flow?.after.longestMs].map((ms) => (ms ?? Number.NaN) / second);
};
const equal: WeightOf = () => 1;
/** Sixteen jobs of one repository at once, then one of another; a runner comes free every ten seconds. */
const crowd = Array.from({ length: 16 }, (_, n): Past => ({ id: `a${n}`, repo: "o/a", came: 0, served: 10 * (n + 1) }));
const late: Past = { id: "b", repo: "o/b", came: 1, served: 170 };

it("first come, first served played through is what happened", () => {
  const { flows, since, jobs, moved, waiting } = compare([...crowd, late], null);
  expect({ since, jobs, moved, waiting }).toEqual({ since: start, jobs: 17, moved: 0, waiting: 0 });
  expect(
    flows.map(({ repository, jobs, runners, before, after }) => [repository, jobs, runners, before, after]),
  ).toEqual([
    ["o/a", 16, 16, { meanMs: 85_000, longestMs: 160_000 }, { meanMs: 85_000, longestMs: 160_000 }],
    ["o/b", 1, 1, { meanMs: 169_000, longestMs: 169_000 }, { meanMs: 169_000, longestMs: 169_000 }],
  ]);
});

it("with shares the one who came last is served behind one of the crowd, and the crowd as a whole a turn later", () => {
  const compared = compare([...crowd, late], equal);
  expect(waitsOf(compared, "o/b")).toEqual([169, 19]);
  expect(waitsOf(compared, "o/a")).toEqual([160, 170]);
});

it("a heavier flow has more of the runners, in the proportion of the weights", () => {
  const jobs = ["a", "b"].flatMap((repo, at) =>
    Array.from({ length: 40 }, (_, n): Past => ({ id: `${repo}${n}`, repo, came: at, served: 10 * (2 * n + at + 1) })),
  );
  const compared = compare(jobs, (repository) => (repository === "a" ? 3 : 1));
  expect(waitsOf(compared, "a")).toEqual([400, 540]);
  expect(waitsOf(compared, "b")).toEqual([799, 799]);
});

it("whoever comes late has their share from then on, and nothing for the time before", () => {
  const jobs = [
    ...Array.from({ length: 30 }, (_, n): Past => ({ id: `a${n}`, repo: "o/a", came: 0, served: 10 * (n + 1) })),
    ...Array.from({ length: 5 }, (_, n): Past => ({ id: `b${n}`, repo: "o/b", came: 101, served: 10 * (n + 31) })),
  ];
  // every other turn from the eleventh on: 110, 130 ... 190
  expect(waitsOf(compare(jobs, equal), "o/b")).toEqual([249, 89]);
});

it("a flow that sends one job after the other has no more than its share", () => {
  const jobs = [
    ...Array.from(
      { length: 4 },
      (_, n): Past => ({ id: `l${n}`, repo: "o/light", came: 10 * n, served: 10 * (n + 1) }),
    ),
    ...Array.from({ length: 12 }, (_, n): Past => ({ id: `h${n}`, repo: "o/heavy", came: 1, served: 10 * (n + 5) })),
  ];
  const compared = compare(jobs, (repository) => (repository === "o/light" ? 0.25 : 1));
  // four of the heavy flow before each of the light one
  const { before, after } = compared.flows.find(({ repository }) => repository === "o/light") ?? {};
  expect([before?.meanMs, after?.meanMs]).toEqual([100_000, 75_000]);
});

it.each(["cancelled", "abandoned", "failed"] as const)(
  "who leaves unserved (%s) gives back what their flow was counted for",
  (end) => {
    const gone = Array.from({ length: 8 }, (_, n): Past => ({ id: `g${n}`, repo: "o/b", came: 0, left: 2, end }));
    const compared = compare([...gone, ...crowd, { ...late, came: 3 }], equal);
    expect(waitsOf(compared, "o/b")).toEqual([167, 17]);
    expect(compared.jobs, "and counts for nothing else").toBe(17);
  },
);

it("who left in truth, and would have been served before, takes nobody's place when they leave", () => {
  const gone: Past = { id: "g", repo: "o/g", came: 1, left: 100 };
  const compared = compare([...crowd, gone], equal);
  expect(waitsOf(compared, "o/a")).toEqual([160, 999 + 1]);
});

it("a gang waits for as many runners as it wants, and nobody overtakes it meanwhile", () => {
  const gang: Past = { id: "g", repo: "o/g", came: 0, served: 30, count: 3 };
  const one: Past = { id: "x", repo: "o/x", came: 1, served: 10 };
  const compared = compare([gang, one, { id: "y", repo: "o/x", came: 1, served: 20 }], equal);
  expect(waitsOf(compared, "o/g")).toEqual([30, 30]);
  expect(waitsOf(compared, "o/x")).toEqual([29, 29]);
});

it("those that wait now are compared by where they stand", () => {
  const waiting = [
    ...Array.from({ length: 3 }, (_, n): Past => ({ id: `a${n}`, repo: "o/a", came: n })),
    { id: "b", repo: "o/b", came: 5 },
  ];
  expect(compare(waiting, equal)).toMatchObject({ waiting: 4, moved: 3 });
  expect(compare(waiting, null)).toMatchObject({ waiting: 4, moved: 0 });
  expect(waitsOf(compare(waiting, equal), "o/b")).toEqual([995, 995]);
});

it("a class is a flow of its own, and acts and what is older than the hour are nobody's jobs", () => {
  const [act, old]: HistoryEntry[] = [
    { at: start + 1, what: "paused", by: "ann", note: "" },
    { at: start - 1, what: "queued", id: "old", repo: "o/a", count: 1, waitedMs: 0 },
  ];
  const past = [crowd[0], { ...late, className: "merge" }, { ...late, id: "b2", repo: "O/B", className: "merge" }];
  const entries = [...historyOf(past.filter((one) => one !== undefined)), act, old].filter((one) => one !== undefined);
  const { flows, jobs } = compareOrders(entries, null, equal, start, start + 999_000);
  expect(flows.map(({ repository, className, runners }) => [repository, className, runners])).toEqual([
    ["o/b", "merge", 2],
    ["o/a", undefined, 1],
  ]);
  expect(jobs).toBe(3);
  expect(compareOrders([], null, equal, start, start)).toEqual({
    since: null,
    jobs: 0,
    waiting: 0,
    moved: 0,
    flows: [],
  });
});

it("two classes of one repository are two flows, and so are its jobs of none", () => {
  const past = [undefined, "merge", "bulk"].map((className, at): Past => {
    const one = { id: `${at}`, repo: "o/a", came: at, served: 10 + at };
    return className === undefined ? one : { ...one, className };
  });
  const { since, flows } = compare(past, equal);
  expect(flows.map(({ className, jobs }) => [className, jobs])).toEqual([
    [undefined, 1],
    ["merge", 1],
    ["bulk", 1],
  ]);
  expect(since).toBe(start);
});

it.each(["id", "repo", "count", "waitedMs"] as const)("an entry that does not say its %s is of no job", (missing) => {
  const entries = historyOf([{ id: "a", repo: "o/a", came: 0, served: 10 }]).map(({ [missing]: _, ...entry }) => entry);
  expect(compareOrders(entries, null, equal, start, start + 60_000)).toMatchObject({ since: null, jobs: 0 });
});

it("a job that is served twice is two jobs, and the second try of a claim counts", () => {
  const entry = (what: HistoryEntry["what"], at: number, generation?: number): HistoryEntry => ({
    at: start + at * second,
    what,
    id: "a",
    repo: "o/a",
    count: 1,
    waitedMs: at * second,
    ...(generation !== undefined && { generation }),
  });
  const first = [entry("queued", 0), entry("claimed", 5), entry("queued", 7), entry("claimed", 9), entry("taken", 10)];
  const entries = [...first, entry("queued", 20, 2), entry("claimed", 30, 2), entry("taken", 31, 2)].toReversed();
  const { jobs, flows } = compareOrders(entries, null, equal, start, start + 60_000);
  expect([jobs, flows[0]?.before]).toEqual([2, { meanMs: 19_500, longestMs: 30_000 }]);
});

it.each([
  [0, undefined, 1, 1, [0, 1_000]],
  [500, 200, 2, 1, [500, 2_500]],
  [500, 900, 1, 4, [900, 1_150]],
  [0, undefined, 1, 1_000_000, [0, 1]],
  [0, undefined, 1, Number.POSITIVE_INFINITY, [0, 1]],
])("at %i, with %s promised: %i runners of weight %i", (virtualTime, finish, runners, weight, expected) => {
  const begins = startOf(virtualTime, finish);
  expect([begins, finishOf(begins, runners, weight)]).toEqual(expected);
});
