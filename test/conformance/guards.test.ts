// What a commit relies on, one guard at a time, on both stores: at the limit it is written, one
// further nothing is.
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CommitPart, JobWrite, Loaded, LoadRequest, Store } from "../../src/queue/store.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { jobOf, rowOf } from "../support/queue-data.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { testSettings } from "../support/settings.ts";

const profileKey = "linux";
const start = 1_790_000_000_000;
const stores = ["embedded", ...(hasRedis ? ["Redis"] : [])];

describe.each(stores)("a commit to the %s store", (name) => {
  let now: number;
  let store: Store;
  let close: () => Promise<void>;

  beforeEach(async () => {
    now = start;
    const settings = testSettings();
    if (name === "embedded") {
      store = createEmbeddedStore(settings, () => now);
      close = async () => {};
    } else {
      const given = process.env.TEST_REDIS_URL;
      const server = given === undefined || given === "" ? await startRedis() : null;
      const client = server?.client ?? new Redis(given ?? "");
      await client.flushdb();
      const redis = createRedisStore(
        server?.url ?? given ?? "",
        "rq",
        settings,
        () => {},
        () => now,
      );
      await redis.ping();
      store = redis;
      close = async () => {
        await redis.close();
        if (server === null) client.disconnect();
        else await server[Symbol.asyncDispose]();
      };
    }
    await store.beginEpoch(profileKey, "");
    const { epoch } = await load();
    const first = partOf({
      epoch,
      id: "first",
      jobs: [write("a", 1, "line"), write("b", 2, "aside")],
      raisesRoom: true,
    });
    const row = { kind: "snapshot", monitor: "ci0", value: rowOf(3), expected: "" } as const;
    expect(await store.commit(profileKey, [{ ...first, fleet: [row] }], [])).toEqual(["done"]);
  });
  afterEach(async () => await close());

  const load = async (more: Partial<LoadRequest> = {}): Promise<Loaded> =>
    await store.load({
      profileKey,
      jobs: [],
      front: 0,
      due: 0,
      maxDueAheadMs: 100_000,
      listed: 0,
      absent: 0,
      places: 0,
      sizes: false,
      figures: false,
      flows: false,
      held: { epoch: "", version: 0 },
      ...more,
    });
  const write = (uniqueId: string, need: number, list: "line" | "aside", expected = ""): JobWrite => ({
    uniqueId,
    expected,
    after: jobOf({ uniqueId, runnerCount: need, place: start * 1000 }),
    entryBefore: null,
    entryAfter: { list, need, order: String(start * 1000) },
    dueAt: start + 5_000,
    keptForMs: null,
    hasEnded: false,
  });
  const partOf = (more: Partial<CommitPart>): CommitPart => ({
    id: "part",
    isRemembered: false,
    loadedAt: now,
    epoch: "",
    jobs: [],
    fleet: [],
    head: [],
    history: [],
    counts: [],
    raisesRoom: false,
    room: null,
    rank: null,
    maxWaiting: null,
    ...more,
  });
  const later = { uniqueId: "z", order: String(start * 1000 + 1), servable: 9, runners: 9, isAsideCounted: false };
  const paused = { by: "kim", note: "", at: 1, until: null };

  it.each([
    { name: "a load of a second ago", part: { loadedAt: start - 1_000 }, expected: "done" },
    { name: "a load that is older", part: { loadedAt: start - 1_001 }, expected: "conflict" },
    { name: "a load of this millisecond", part: { loadedAt: start }, expected: "done" },
    { name: "a load of a time to come: the clock was set back", part: { loadedAt: start + 1 }, expected: "conflict" },
    { name: "a job as it was read", part: { jobs: [write("a", 1, "line", "first")] }, expected: "done" },
    { name: "a job that is another by now", part: { jobs: [write("a", 1, "line", "zeroth")] }, expected: "conflict" },
    { name: "a job of which nothing was known", part: { jobs: [write("a", 1, "line")] }, expected: "conflict" },
    {
      name: "one of two jobs that is another",
      part: { jobs: [write("a", 1, "line", "first"), write("b", 2, "aside")] },
      expected: "conflict",
    },
    {
      name: "a row as it was read",
      part: { fleet: [{ kind: "snapshot", monitor: "ci0", value: rowOf(1), expected: "first" }] },
      expected: "done",
    },
    {
      name: "a row that is another by now",
      part: { fleet: [{ kind: "snapshot", monitor: "ci0", value: rowOf(1), expected: "" }] },
      expected: "conflict",
    },
    {
      name: "a row that is gone",
      part: { fleet: [{ kind: "snapshot", monitor: "ci1", value: rowOf(1), expected: "first" }] },
      expected: "conflict",
    },
    {
      name: "a head as it was read",
      part: { head: [{ part: "paused", before: null, after: paused }] },
      expected: "done",
    },
    {
      name: "a head that is another by now",
      part: { head: [{ part: "paused", before: paused, after: null }] },
      expected: "conflict",
    },
    { name: "room as it was", part: { room: 2 }, expected: "done" },
    { name: "room that was lowered since", part: { room: 1 }, expected: "conflict" },
    { name: "as many runners ahead", part: { rank: { ...later, runners: 1 } }, expected: "done" },
    { name: "more runners ahead", part: { rank: { ...later, runners: 0 } }, expected: "conflict" },
    {
      name: "those ahead that nobody can serve do not count",
      part: { rank: { ...later, servable: 0, runners: 0 } },
      expected: "done",
    },
    {
      name: "those ahead that can just be served do",
      part: { rank: { ...later, servable: 1, runners: 0 } },
      expected: "conflict",
    },
    {
      name: "nobody is ahead of the first",
      part: { rank: { ...later, order: String(start * 1000 - 1), runners: 0 } },
      expected: "done",
    },
    {
      name: "those aside are counted where they are to be",
      part: { rank: { ...later, runners: 2, isAsideCounted: true } },
      expected: "conflict",
    },
    { name: "and as many are well", part: { rank: { ...later, runners: 3, isAsideCounted: true } }, expected: "done" },
    { name: "as many jobs wait as may, those aside counted", part: { maxWaiting: 2 }, expected: "done" },
    { name: "more wait", part: { maxWaiting: 1 }, expected: "conflict" },
    { name: "another epoch", part: { epoch: "another" }, expected: "conflict" },
  ] as { name: string; part: Partial<CommitPart>; expected: string }[])(
    "relies on $name: $expected",
    async ({ part, expected }) => {
      const { epoch } = await load();
      expect(await store.commit(profileKey, [partOf({ epoch, head: [], ...part })], [])).toEqual([expected]);
    },
  );

  it("a part that relies on the room falls with one before it, and the others stand", async () => {
    const { epoch } = await load();
    const parts = [{ loadedAt: 0 }, { room: 2 }, { room: null }, {}].map((more) => partOf({ epoch, ...more }));
    expect(await store.commit(profileKey, parts, [])).toEqual(["conflict", "conflict", "done", "done"]);
  });

  // a reply that is lost between two processes: the embedded store has none
  it.skipIf(name === "embedded")("a part that is remembered is written once, and says so each time", async () => {
    const { epoch } = await load();
    const part = partOf({ epoch, isRemembered: true, raisesRoom: true });
    expect(await store.commit(profileKey, [part], [])).toEqual(["done"]);
    expect(await store.commit(profileKey, [{ ...part, loadedAt: 0 }], [])).toEqual(["done"]);
    expect((await load()).room).toBe(3);
  });

  it.each([
    { ahead: "5 s", at: start + 5_000, expected: ["a", "b"] },
    { ahead: "a millisecond less", at: start + 4_999, expected: [] },
    { ahead: "further ahead than can be: the clock was set back", at: start - 95_001, expected: ["a", "b"] },
    { ahead: "just as far as can be", at: start - 94_999, expected: [] },
  ])("what is due is loaded: $ahead", async ({ at, expected }) => {
    now = at;
    const { due } = await load({ due: 10 });
    expect(due.map(({ job }) => job.uniqueId).sort()).toEqual(expected);
  });

  it("only what is newer of the fleet is loaded", async () => {
    const { epoch, fleetVersion } = await load();
    const names = async (version: number) =>
      (await load({ held: { epoch, version } })).fleet.map(({ monitor }) => monitor);
    expect([await names(fleetVersion), await names(fleetVersion - 1)]).toEqual([[], ["ci0"]]);
    expect((await load({ held: { epoch: "another", version: fleetVersion } })).isWholeFleet).toBe(true);
  });

  it("only what is asked for of the lists and figures is loaded", async () => {
    const { epoch } = await load();
    const chart = [[1, 2, 3]] as const;
    const more = partOf({ epoch, id: "more", jobs: [write("c", 1, "line"), write("d", 3, "aside")] });
    const head = [
      { part: "chart", before: (await load({ figures: true, flows: true })).head.chart, after: chart },
    ] as const;
    expect(await store.commit(profileKey, [{ ...more, head }], [])).toEqual(["done"]);
    const nothing = await load();
    expect([nothing.front, nothing.listed, nothing.absent]).toEqual([[], [], []]);
    expect((await load({ figures: true, flows: true })).head.chart).toEqual(chart);
    const { front, listed, absent, sizes } = await load({ front: 1, listed: 9, absent: 9, sizes: true });
    expect(front.map(({ uniqueId }) => uniqueId)).toEqual(["a"]);
    const ids = (jobs: typeof listed) => jobs.map(({ job }) => job.uniqueId).sort();
    expect([ids(listed), ids(absent)]).toEqual([
      ["a", "b", "c", "d"],
      ["b", "d"],
    ]);
    expect(sizes).toMatchObject({
      line: [{ need: 1, jobs: 2 }],
      aside: [
        { need: 2, jobs: 1 },
        { need: 3, jobs: 1 },
      ],
    });
    const order = String(start * 1000);
    const { jobs } = await load({
      jobs: [
        { uniqueId: "c", order },
        { uniqueId: "a", order },
        { uniqueId: "c", order: null },
      ],
    });
    expect(jobs.map(({ ahead }) => ahead.filter((count) => count.jobs > 0))).toEqual([[{ need: 1, jobs: 1 }], [], []]);
  });

  it("places are given once each, and not before now", async () => {
    const places: number[] = [];
    for (const count of [1, 3, 1]) places.push((await load({ places: count })).place - start * 1000);
    now = start + 1;
    places.push((await load({ places: 1 })).place - start * 1000);
    expect(places).toEqual([1, 2, 5, 1000].map((place) => (places[0] === 0 && place < 1000 ? place - 1 : place)));
  });

  it("a roll has so many names at most, and each leaves it when its time is over, to the millisecond", async () => {
    const enrol = async (id: string) => {
      const { standing, count } = await store.enrol("jobs", id, 2, 1_000);
      return [standing, count];
    };
    expect([await enrol("a"), await enrol("a"), await enrol("b"), await enrol("c")]).toEqual([
      ["added", 1],
      ["known", 1],
      ["added", 2],
      ["full", 2],
    ]);
    now = start + 400;
    expect(await enrol("b"), "counts from now on anew").toEqual(["known", 2]);
    now = start + 999;
    expect([await enrol("c"), await store.countRoll("jobs")]).toEqual([["full", 2], 2]);
    now = start + 1_000;
    expect([await store.countRoll("jobs"), await enrol("c")]).toEqual([1, ["added", 2]]);
    now = start + 1_399;
    expect(await store.countRoll("jobs")).toBe(2);
    now = start + 1_400;
    expect(await store.countRoll("jobs")).toBe(1);
  });

  it("a document is replaced by who read it as it is, and by nobody else", async () => {
    const swap = async (expected: string | null, next: string | null, keptForMs: number | null = null) => {
      const { isSwapped, text } = await store.swapDocument("mark", expected, next, keptForMs);
      return [isSwapped, text];
    };
    expect((await store.readDocument("mark")).text).toBeNull();
    expect([await swap("x", "y"), await swap(null, "one"), await swap(null, "two")]).toEqual([
      [false, null],
      [true, "one"],
      [false, "one"],
    ]);
    now = start + 5;
    expect(await store.readDocument("mark")).toMatchObject({ text: "one", writtenAt: start, now });
    expect([await swap("one", "two words", 60_000), await swap("one", null)]).toEqual([
      [true, "two words"],
      [false, "two words"],
    ]);
    expect(await store.readDocument("mark")).toMatchObject({ text: "two words", writtenAt: now, now });
    expect(await swap("two words", null)).toEqual([true, null]);
    expect((await store.readDocument("mark")).text).toBeNull();
  });

  it("a monitor has so many places, and a place is free again when its time is over", async () => {
    const take = async (key: string) => await store.takePlace("ci0", key, 2, 1_000);
    expect([await take("a"), await take("b"), await take("c"), await take("b")]).toEqual([
      "taken",
      "taken",
      "full",
      "taken",
    ]);
    now = start + 999;
    expect(await take("c")).toBe("full");
    now = start + 1_000;
    expect([await take("c"), await take("d"), await take("e")]).toEqual(["taken", "taken", "full"]);
    await store.freePlace("ci0", "d", "taken");
    expect([await take("e"), await store.readResults("ci0")]).toEqual(["taken", { taken: 1 }]);
  });

  it("a place that ends later than any can is free: the clock was set back", async () => {
    const take = async (key: string) => await store.takePlace("ci0", key, 1, 1_000);
    expect(await take("a")).toBe("taken");
    now = start - 8_999;
    expect(await take("b")).toBe("full");
    now = start - 9_001;
    expect(await take("b")).toBe("taken");
  });

  it("no place is given out until a fence is over", async () => {
    await store.fence("ci0", start + 1);
    expect(await store.takePlace("ci0", "a", 2, 1_000)).toBe("fenced");
    now = start + 1;
    expect(await store.takePlace("ci0", "a", 2, 1_000)).toBe("taken");
  });
});
