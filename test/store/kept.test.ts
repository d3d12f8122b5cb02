// What the embedded store keeps does not grow for ever, and what was kept in another layout is not misread.
import { expect, it } from "vitest";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createMemoryKeeper } from "../support/memory-keeper.ts";
import { testSettings } from "../support/settings.ts";

const counts = new Map([["p", { idle: 0, target: 4, healthy: 4 }]]);
const pace = { nextInMs: 1000, restInMs: 3000 };

it("jobs, bookings and history that are over go from where they are kept as well", async () => {
  let now = 1_790_000_000_000;
  const keeper = createMemoryKeeper();
  const store = createEmbeddedStore(testSettings(), () => now, keeper);
  await store.finishPoll("ci0", now, { kind: "snapshot", counts }, pace);
  for (let n = 0; n < 1_500; n++) {
    const request = { uniqueId: `j${n}`, profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1" };
    await store.enqueue({ request, isFleetKnown: true });
    await store.cancel("p", `j${n}`, null);
  }
  const kept = (prefix: string) => [...keeper.entries(prefix)].length;
  expect([kept("profile/p/job/"), kept("booking/")]).toEqual([1_500, 1_500]);
  expect(kept("profile/p/history/")).toBe(2_000);
  now += 3 * 3_600_000;
  await store.sweep("p", "me");
  await store.sweep("p", "me");
  expect([kept("profile/p/job/"), kept("booking/")]).toEqual([0, 0]);
  expect(kept("profile/p/history/")).toBe(2_000);
});

it("what was kept in another layout counts as lost, as a whole", async () => {
  const now = 1_790_000_000_000;
  const keeper = createMemoryKeeper();
  const first = createEmbeddedStore(testSettings(), () => now - 5_000, keeper);
  await first.finishPoll("ci0", now, { kind: "snapshot", counts }, pace);
  keeper.put("begun", { at: now - 5_000, as: 999 });
  const store = createEmbeddedStore(testSettings(), () => now, keeper);
  expect(await store.profiles()).toEqual([]);
  expect((await store.sweep("p", "me")).lostAt).toBe(now);
  expect([...keeper.entries("known/")]).toEqual([]);
});
