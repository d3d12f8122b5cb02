// Shares of the line, by cases, and by many jobs at random against what start-time fair queueing
// promises: the order in a flow, the bound of who may pass, equal service for those who always want.
import { describe, expect, it } from "vitest";
import { orderOf } from "../../../src/queue/line/line.ts";
import {
  beginShare,
  flowOf,
  followShare,
  noFlows,
  type Share,
  type ShareBook,
  type SharedJob,
  widenShare,
  withoutPassedFlows,
} from "../../../src/queue/line/shares.ts";
import type { Policy } from "../../../src/queue/policy/policy.ts";
import { createFairLine } from "./fair-line.ts";
import { runRandomShares } from "./random-shares.ts";

const policy: Policy = {
  default: {},
  repositories: [
    { pattern: "o/heavy", weight: 4 },
    { pattern: "o/light", weight: 0.5 },
  ],
  owners: [],
  classes: [{ name: "merge", weight: 10 }],
  monitors: [],
};
const empty: ShareBook = { virtualTime: null, flows: noFlows };
const place = 1_000_000;
const jobOf = (qualifiedRepo: string, runnerCount = 1) => ({ qualifiedRepo, runnerCount });

describe("where a job's share begins and ends", () => {
  it.each([
    { name: "the first of all, at its own place", book: empty, job: jobOf("o/r"), expected: [place, place + 1_000] },
    {
      name: "a flow that has none in line, at the virtual time",
      book: { virtualTime: { at: 7_000 }, flows: noFlows },
      job: jobOf("o/r"),
      expected: [7_000, 8_000],
    },
    {
      name: "behind its flow's last one",
      book: { virtualTime: { at: 7_000 }, flows: { "o/r": { end: 9_000 } } },
      job: jobOf("O/R"),
      expected: [9_000, 10_000],
    },
    {
      name: "a gang costs what its runners cost",
      book: { virtualTime: { at: 7_000 }, flows: noFlows },
      job: jobOf("o/r", 3),
      expected: [7_000, 10_000],
    },
    {
      name: "a heavier flow's costs less",
      book: { virtualTime: { at: 7_000 }, flows: noFlows },
      job: jobOf("o/heavy", 2),
      expected: [7_000, 7_500],
    },
    {
      name: "a lighter flow's costs more",
      book: { virtualTime: { at: 7_000 }, flows: noFlows },
      job: jobOf("o/light"),
      expected: [7_000, 9_000],
    },
    {
      name: "a class is a flow of its own, with the product of both weights",
      book: { virtualTime: { at: 7_000 }, flows: { "o/heavy": { end: 90_000 } } },
      job: { ...jobOf("o/heavy"), className: "merge" },
      expected: [7_000, 7_025],
    },
  ])("$name", ({ book, job, expected: [start, end] }) => {
    expect(beginShare(policy, book, job, place)).toEqual({ start, end });
  });

  it("no policy, no share: places are the order, byte for byte", () => {
    expect(beginShare(undefined, empty, jobOf("o/r"), place)).toBeUndefined();
    expect(orderOf({ place: 1_795_000_000_000_001 })).toBe("1795000000000001");
  });

  it("the smallest weight gets no flow past the numbers that are exact", () => {
    const tiny: Policy = { ...policy, default: { weight: Number.MIN_VALUE } };
    const share = beginShare(tiny, { virtualTime: { at: 5 }, flows: noFlows }, jobOf("x/y", 1_000), place);
    expect(share).toEqual({ start: 5, end: Number.MAX_SAFE_INTEGER });
    const next = beginShare(
      tiny,
      { virtualTime: { at: 5 }, flows: { "x/y": { end: share?.end ?? 0 } } },
      jobOf("x/y"),
      place,
    );
    expect(next).toEqual({ start: Number.MAX_SAFE_INTEGER - 1, end: Number.MAX_SAFE_INTEGER });
    expect(orderOf({ place, share: next })).toHaveLength(32);
  });
});

it.each([
  { name: "its repository in any case", job: { qualifiedRepo: "O/R" }, expected: "o/r" },
  { name: "and its class", job: { qualifiedRepo: "O/R", className: "merge" }, expected: "o/r merge" },
])("a flow is named after $name", ({ job, expected }) => {
  expect(flowOf(job)).toBe(expected);
});

describe("the order of the line", () => {
  it("is that of shares, then of places; a job of before the policy comes first, and one that is expedited before all", () => {
    const orders = [
      orderOf({ place: 1_795_000_000_000_009, share: { start: 1, end: 2 }, expeditedAt: 1_795_000_000_001 }),
      orderOf({ place: 1_795_000_000_000_008, share: { start: 1, end: 2 }, expeditedAt: 1_795_000_000_002 }),
      orderOf({ place: 1_795_000_000_000_001 }),
      orderOf({ place: 1_795_000_000_000_004, share: { start: 1_795_000_000_000_003, end: 1_795_000_000_001_003 } }),
      orderOf({ place: 1_795_000_000_000_005, share: { start: 1_795_000_000_000_003, end: 1_795_000_000_001_003 } }),
      orderOf({ place: 1_795_000_000_000_002, share: { start: 1_795_000_000_000_004, end: 1_795_000_000_001_004 } }),
    ];
    expect(orders.toSorted()).toEqual(orders);
  });
});

const shared = (repo: string, share: Share, state: "waiting" | "claimed" | "served" | "gone"): SharedJob => ({
  qualifiedRepo: repo,
  share,
  isWaiting: state === "waiting",
  isClaimed: state === "claimed",
  isServed: state === "served",
  isExpedited: false,
});

describe("what becomes of the book", () => {
  const a: Share = { start: 1_000, end: 2_000 };
  const b: Share = { start: 2_000, end: 3_000 };
  const c: Share = { start: 3_000, end: 4_000 };
  const book: ShareBook = { virtualTime: { at: 1_000 }, flows: { "o/r": { end: 4_000 } } };
  const leave = (at: ShareBook, share: Share) =>
    followShare(at, shared("o/r", share, "waiting"), shared("o/r", share, "gone"));

  it("whoever comes in line takes their part; a ticket that brings a job back does as well", () => {
    const came = followShare(empty, null, shared("o/r", b, "waiting"));
    expect(came).toEqual({ virtualTime: { at: 2_000 }, flows: { "o/r": { end: 3_000 } } });
    expect(followShare(came, null, shared("o/r", a, "waiting"))).toEqual(came);
  });

  it("a claim moves the virtual time on, and never back", () => {
    const claimed = followShare(book, shared("o/r", b, "waiting"), shared("o/r", b, "claimed"));
    expect(claimed.virtualTime).toEqual({ at: 2_000 });
    expect(followShare(claimed, shared("o/r", a, "waiting"), shared("o/r", a, "claimed"))).toEqual(claimed);
    const refused = followShare(claimed, shared("o/r", b, "claimed"), shared("o/r", b, "waiting"));
    expect(refused).toEqual(claimed);
  });

  it("one that comes back by its ticket and is claimed at once does both", () => {
    expect(followShare(book, null, shared("o/r", b, "claimed"))).toEqual({
      virtualTime: { at: 2_000 },
      flows: { "o/r": { end: 4_000 } },
    });
  });

  it("one that wants more runners has its flow go on later by as much", () => {
    const wider = { ...b, end: b.end + 2_000 };
    const moved = followShare(book, shared("o/r", b, "waiting"), shared("o/r", wider, "waiting"));
    expect(moved).toEqual({ virtualTime: { at: 1_000 }, flows: { "o/r": { end: 6_000 } } });
    expect(followShare(book, shared("o/r", wider, "waiting"), shared("o/r", b, "waiting"))).toEqual(book);
    expect(widenShare(policy, { qualifiedRepo: "o/heavy", runnerCount: 8 }, b)).toEqual({ start: 2_000, end: 4_000 });
    expect(widenShare(policy, { qualifiedRepo: "o/heavy", runnerCount: 1 }, b), "and gives back what it took").toEqual(
      b,
    );
  });

  it("one that is expedited moves nobody's virtual time", () => {
    const job = { ...shared("o/r", c, "waiting"), isExpedited: true };
    expect(followShare(book, job, { ...job, isWaiting: false, isClaimed: true })).toEqual(book);
  });

  it("the last one that leaves unserved gives its part back", () => {
    expect(leave(book, c).flows).toEqual({ "o/r": { end: 3_000 } });
  });

  it("one in the middle gives nothing back until nothing waits behind it, and then all of it", () => {
    const middle = leave(book, b);
    expect(middle.flows).toEqual({ "o/r": { end: 4_000, gone: [[2_000, 3_000]] } });
    expect(leave(middle, c).flows).toEqual({ "o/r": { end: 2_000 } });
  });

  it("one that was served gives nothing back", () => {
    const served = followShare(book, shared("o/r", c, "claimed"), shared("o/r", c, "served"));
    expect(served).toEqual(book);
  });

  it("what V has passed is not given back, and such flows are forgotten", () => {
    const late: ShareBook = { virtualTime: { at: 5_000 }, flows: { "o/r": { end: 4_000 }, "o/x": { end: 6_000 } } };
    expect(leave(late, c)).toBe(late);
    expect(withoutPassedFlows(late)).toEqual({ "o/x": { end: 6_000 } });
    const justNow = { ...late, virtualTime: { at: 4_000 } };
    expect(leave(justNow, c)).toBe(justNow);
    expect(withoutPassedFlows(justNow)).toEqual({ "o/x": { end: 6_000 } });
    const notYet = { ...late, virtualTime: { at: 3_999 } };
    expect(withoutPassedFlows(notYet)).toBe(notYet.flows);
  });

  it("what V has passed meanwhile is no longer held ready to be given back", () => {
    const passed: ShareBook = { virtualTime: { at: 1_000 }, flows: { "o/r": { end: 4_000, gone: [[500, 1_000]] } } };
    expect(leave(passed, b).flows).toEqual({ "o/r": { end: 4_000, gone: [[2_000, 3_000]] } });
    expect(leave(passed, c).flows).toEqual({ "o/r": { end: 3_000 } });
  });

  it("what is given back is only what nothing waits behind, in whichever order they left", () => {
    const d: Share = { start: 4_000, end: 5_000 };
    const begun: ShareBook = { virtualTime: { at: 500 }, flows: { "o/r": { end: 5_000 }, "o/x": { end: 6_000 } } };
    expect(leave(leave(leave(begun, c), a), d)).toEqual({
      virtualTime: { at: 500 },
      flows: { "o/r": { end: 3_000, gone: [[1_000, 2_000]] }, "o/x": { end: 6_000 } },
    });
  });

  it("what left in a flow's middle stays known when the next one comes", () => {
    const middle = leave(book, b);
    const d: Share = { start: 4_000, end: 5_000 };
    expect(followShare(middle, null, shared("o/r", d, "waiting")).flows).toEqual({
      "o/r": { end: 5_000, gone: [[2_000, 3_000]] },
    });
  });

  it("two hundred parts of a flow are held ready, the newest", () => {
    const gone = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at): [number, number] => [
        2_000 * (from + at),
        2_000 * (from + at) + 1_000,
      ]);
    const many = (known: [number, number][]): ShareBook => ({
      virtualTime: { at: 1 },
      flows: { "o/r": { end: 1_000_000, gone: known } },
    });
    const [start, end] = [2_000 * 300, 2_000 * 300 + 1_000];
    const heldReady = (known: [number, number][]) => leave(many(known), { start, end }).flows?.["o/r"]?.gone;
    expect(heldReady(gone(1, 200))).toEqual([...gone(1, 200), [start, end]]);
    expect(heldReady(gone(1, 201))).toEqual([...gone(2, 201), [start, end]]);
  });

  it("a job that is back at its old place takes its part again", () => {
    const back = followShare(empty, shared("o/r", a, "gone"), shared("o/r", a, "waiting"));
    expect(back.flows).toEqual({ "o/r": { end: 2_000 } });
  });

  it("a job that stood by its place so far takes its part with its first share", () => {
    const unshared = { ...shared("o/r", a, "waiting"), share: undefined };
    const came = followShare(empty, unshared, shared("o/r", a, "waiting"));
    expect(came.flows).toEqual({ "o/r": { end: 2_000 } });
    expect(followShare(book, unshared, unshared)).toBe(book);
    expect(followShare(book, null, unshared)).toBe(book);
  });

  it("a job that is forgotten while it waits gives its part back", () => {
    expect(followShare(book, shared("o/r", c, "waiting"), null).flows).toEqual({ "o/r": { end: 3_000 } });
  });

  it.each([
    ["a claim that goes on", "claimed", "claimed"],
    ["a refusal", "claimed", "waiting"],
    ["another poll", "waiting", "waiting"],
    ["what is written of a job that is over", "gone", "gone"],
  ] as const)("%s moves nothing", (_, before, after) => {
    const alone: ShareBook = { virtualTime: { at: 1_000 }, flows: {} };
    for (const at of [book, alone]) {
      expect(followShare(at, shared("o/r", c, before), shared("o/r", c, after))).toBe(at);
    }
  });

  it("who has no more than their flow was promised before changes nothing", () => {
    expect(followShare(book, null, shared("o/r", c, "waiting")).flows).toBe(book.flows);
  });

  it("flows that were not read are left alone, and the virtual time goes on", () => {
    const unread: ShareBook = { virtualTime: null, flows: null };
    expect(followShare(unread, null, shared("o/r", b, "waiting"))).toEqual({ virtualTime: { at: 2_000 }, flows: null });
    expect(followShare(unread, shared("o/r", b, "waiting"), shared("o/r", b, "claimed"))).toEqual({
      virtualTime: { at: 2_000 },
      flows: null,
    });
    expect(leave(unread, b)).toBe(unread);
    expect(withoutPassedFlows({ virtualTime: { at: 2_000 }, flows: null })).toBeNull();
  });

  it("where no virtual time has begun, no flow is passed by it", () => {
    const timeless = { ...book, virtualTime: null };
    expect(leave(timeless, c).flows).toEqual({ "o/r": { end: 3_000 } });
    expect(withoutPassedFlows(timeless)).toBe(timeless.flows);
  });

  it("a flow of which nothing is known gets nothing back", () => {
    const others = { ...book, flows: { "o/x": { end: 9_000 } } };
    expect(leave(others, c)).toBe(others);
  });
});

describe("what is promised to everybody", () => {
  it("Jain's index is 0.99 or more for twenty repositories that always want, and each flow stays in order", () => {
    const line = createFairLine(policy);
    const repos = Array.from({ length: 20 }, (_, at) => `o/r${at}`);
    const served = new Map<string, number>();
    for (const repo of repos) for (let jobs = 0; jobs < 5; jobs++) line.enqueue(jobOf(repo));
    for (let turn = 0; turn < 2_000; turn++) {
      const repo = line.claim(false)?.qualifiedRepo ?? "nobody";
      served.set(repo, (served.get(repo) ?? 0) + 1);
      line.enqueue(jobOf(repo));
    }
    expect(line.broken).toEqual([]);
    const counts = [...served.values()];
    const sum = counts.reduce((total, one) => total + one, 0);
    const jain = sum ** 2 / (counts.length * counts.reduce((total, one) => total + one ** 2, 0));
    expect(counts).toHaveLength(20);
    expect(jain).toBeGreaterThanOrEqual(0.99);
  });

  it("a newcomer's first job behind 10,000 of another is served within two of theirs", () => {
    const line = createFairLine(policy);
    for (let jobs = 0; jobs < 10_000; jobs++) line.enqueue(jobOf("o/crowd"));
    for (let turn = 0; turn < 10; turn++) line.claim(false);
    line.enqueue(jobOf("o/new"));
    const next = [1, 2, 3].map(() => line.claim(false)?.qualifiedRepo);
    expect(next).toContain("o/new");
  });

  it("nobody is passed by more jobs than explain told when they came, nor by their own flow: a random line", () => {
    const { broken, looked, longest } = runRandomShares(5_000, 7);
    expect(broken).toEqual([]);
    expect(looked).toBeGreaterThan(4_000);
    expect(longest).toBeGreaterThan(100);
  });
});
