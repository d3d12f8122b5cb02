// Figures over time: every end is counted once, in its hour, with its change; and an hour has so
// many names and no more.
import { expect, it } from "vitest";
import { hourMs, hourOf, maxCountNames } from "../../src/queue/stats/count.ts";
import type { Store } from "../../src/queue/store.ts";
import { describeOnStores, openQueue, profileKey, start, takenAt } from "../support/hand-clock.ts";

describeOnStores("an hour's counts", (open) => {
  const openCounted = async () => {
    let store: Store | undefined;
    const served = await openQueue(async (clock) => {
      const clocked = await open(clock);
      store = clocked.store;
      return clocked;
    });
    const countsOf = async (hour = hourOf(served.clock.now)) => (await store?.readCounts(profileKey, [hour]))?.[0];
    if (store === undefined) throw new Error("no store");
    return { served, store, countsOf };
  };

  it("hold how each job ended and what it waited, and the minutes that somebody looked at", async () => {
    const { served, countsOf } = await openCounted();
    const ticket = await served.enqueueOn({ ci0: 1 }, "job");
    const job = await served.claim(ticket);
    served.clock.now += 2_000;
    await served.settle(ticket, job, [takenAt("ci0", "7")]);
    // the same news again
    await served.settle(ticket, job, [takenAt("ci0", "7")]);
    await served.showFleet({ ci0: 0 });
    await served.enqueue("given-up", { qualifiedRepo: "o/other" });
    await served.queue.cancel(profileKey, "given-up", null);
    const gone = await served.enqueue("gone");
    await served.serve(60_000);
    expect(served.abandoned).toEqual([gone.uniqueId]);
    const { m = 0, w = 0, ...rest } = (await countsOf()) ?? {};
    expect(rest).toEqual({ "t2/o/r": 1, "c/o/other": 1, "a/o/r": 1 });
    // one sample a minute
    expect(m).toBe(2);
    expect(w).toBeGreaterThanOrEqual(0);
  });

  it("count runners that stood idle beside jobs that waited", async () => {
    const { served, countsOf } = await openCounted();
    await served.showFleet({ ci0: 3 });
    await served.queue.pause(profileKey, { kind: "begin", by: "kim", note: "", until: null });
    const tickets = [await served.enqueue("a"), await served.enqueue("b")];
    for (let second = 0; second < 63; second += 3) {
      await served.showFleet({ ci0: 3 });
      await served.serve(3_000, tickets);
    }
    const { i = 0, w = 0, x = 0 } = (await countsOf()) ?? {};
    expect([i, w, x]).toEqual([3, 2, 2]);
  });

  it("have 1,000 names at most: who comes later counts as the others", async () => {
    const { served, store, countsOf } = await openCounted();
    const reply = await store.load({
      profileKey,
      jobs: [],
      front: 0,
      due: 0,
      maxDueAheadMs: 1,
      listed: 0,
      absent: 0,
      places: 0,
      sizes: false,
      figures: false,
      flows: false,
      held: { epoch: "", version: 0 },
    });
    const hour = hourOf(start);
    const known = Object.keys((await countsOf()) ?? {}).length;
    const counts = Array.from({ length: maxCountNames }, (_, n) => ({
      hour,
      name: `f/o/r${n}`,
      otherwise: "f/*",
      by: 1,
    }));
    const part = {
      id: "many",
      isRemembered: true,
      loadedAt: served.clock.now,
      epoch: reply.epoch,
      jobs: [],
      fleet: [],
    };
    const nothing = { head: [], history: [], raisesRoom: false, room: null, rank: null, maxWaiting: null };
    expect(await store.commit(profileKey, [{ ...part, ...nothing, counts }], [])).toEqual(["done"]);
    const after = (await countsOf()) ?? {};
    expect(Object.keys(after).length).toBe(maxCountNames + 1);
    expect(after["f/*"]).toBe(known);
    // who has a name is counted by it
    const again = [{ hour, name: "f/o/r0", otherwise: "f/*", by: 5 }];
    expect(await store.commit(profileKey, [{ ...part, ...nothing, id: "again", counts: again }], [])).toEqual(["done"]);
    expect((await countsOf())?.["f/o/r0"]).toBe(6);
  });

  it("are of their own hour, and gone after HISTORY_KEEP", async () => {
    const { served, countsOf } = await openCounted();
    await served.showFleet({ ci0: 1 });
    await served.enqueue("one");
    await served.queue.cancel(profileKey, "one", null);
    served.clock.now += hourMs;
    await served.sweep();
    await served.enqueue("two");
    await served.queue.cancel(profileKey, "two", null);
    const cancelledIn = async (hour: number) => (await countsOf(hour))?.["c/o/r"] ?? 0;
    expect([await cancelledIn(hourOf(start)), await cancelledIn(hourOf(start) + 1)]).toEqual([1, 1]);
  });
});
