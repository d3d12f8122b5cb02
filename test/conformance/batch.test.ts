// A batch over two instances: nobody comes in between its places, and what was begun is undone
// where a later line says no.
import { expect, it } from "vitest";
import type { Store } from "../../src/queue/store.ts";
import { describeOnStores, type OpenStore, start } from "../support/hand-clock.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { testSettings } from "../support/settings.ts";

const itemOf = (uniqueId: string, profileKey = "linux") => ({
  request: { uniqueId, profileKey, runnerCount: 1, qualifiedRepo: "o/r", runId: "1" },
  options: { isCounted: true },
});

/**
 * Two instances; right before the first one's commit to `at` something else is done, once.
 */
async function openInstances(open: OpenStore, env: Record<string, string>, at: string) {
  const clock = { now: start };
  const { store } = await open(clock);
  const settings = testSettings(env);
  const other = createQueueOver(store, settings, "other");
  const counts = new Map(["linux", "macos"].map((key) => [key, { idle: 0, target: 4, healthy: 4 }]));
  await other.finishPoll("m0", clock.now, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 1000 });
  let meanwhile: (() => Promise<unknown>) | null = null;
  const commit: Store["commit"] = async (profileKey, parts, wake) => {
    const act = profileKey === at ? meanwhile : null;
    if (act !== null) meanwhile = null;
    await act?.();
    return await store.commit(profileKey, parts, wake);
  };
  const troubled = new Proxy(store, {
    get: (_, name: keyof Store) => (name === "commit" ? commit : name === "answersAtOnce" ? false : store[name]),
  });
  const batcher = createQueueOver(troubled, settings, "batcher");
  return { store, batcher, other, before: (act: () => Promise<unknown>) => (meanwhile = act) };
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

describeOnStores("a batch", (open) => {
  it("stands together, though another instance enqueues while it is written", async () => {
    const { batcher, other, before } = await openInstances(open, {}, "linux");
    before(async () => await other.enqueue(itemOf("between").request));
    const { answers } = await batcher.enqueueTogether(
      names("batch", 5).map((id) => itemOf(id)),
      false,
    );
    const places = answers.map((answer) => (answer?.kind === "accepted" ? answer.place : 0));
    expect(places.map((place) => place - (places[0] ?? 0))).toEqual([0, 1, 2, 3, 4]);
    const between = await other.inspect("linux", "between");
    const theirs = between.kind === "unknown" ? 0 : between.job.place;
    expect(places.filter((place) => place > theirs).length % 5).toBe(0);
  });

  it("whose second line has become full is undone in the first, counts nowhere, and leaves who was there alone", async () => {
    const { store, batcher, other, before } = await openInstances(open, { MAX_QUEUE_DEPTH: "2" }, "macos");
    await other.enqueue(itemOf("there").request, true, undefined, true);
    before(async () => {
      for (const id of ["full-0", "full-1"]) await other.enqueue(itemOf(id, "macos").request);
    });
    const batch = [itemOf("there"), itemOf("a"), itemOf("b", "macos")];
    const refused = await batcher.enqueueTogether(batch, false);
    expect([refused.kind, refused.answers[2]?.kind]).toEqual(["none", "full"]);
    await batcher.idle();
    expect(await other.inspect("linux", "a")).toMatchObject({ job: { state: "cancelled" } });
    expect(await other.inspect("linux", "there")).toMatchObject({ job: { state: "queued" } });
    expect(await other.inspect("macos", "b")).toEqual({ kind: "unknown" });
    expect(await store.countRoll("jobs/o/r")).toBe(1);
    await other.cancel("macos", "full-0", null);
    const again = await batcher.enqueueTogether(batch, false);
    expect(again.answers.map((answer) => answer?.kind)).toEqual(["accepted", "accepted", "accepted"]);
  });

  it("in which the store goes away is undone as far as it was written", async () => {
    const { batcher, other, before } = await openInstances(open, {}, "macos");
    before(async () => {
      throw new Error("a fault that no repetition mends");
    });
    const batch = [itemOf("a"), itemOf("b", "macos")];
    await expect(batcher.enqueueTogether(batch, false)).rejects.toThrow("no repetition");
    expect(await other.inspect("linux", "a")).toMatchObject({ job: { state: "cancelled" } });
    const again = await batcher.enqueueTogether(batch, false);
    expect(again.answers.map((answer) => answer?.kind)).toEqual(["accepted", "accepted"]);
  });
});
