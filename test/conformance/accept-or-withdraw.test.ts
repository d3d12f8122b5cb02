// An offer is accepted or withdrawn, never both: two instances on one store, 10,000 times, one of
// them accepting while the other withdraws in the moment in which its time ends.
import { expect, it } from "vitest";
import { noHold } from "../../src/queue/job/presence.ts";
import { acceptLegOperation } from "../../src/queue/operations/pulled/accept-leg.ts";
import { pulledSnapshotOperation } from "../../src/queue/operations/pulled/pulled-snapshot.ts";
import { lookAtPulledLegOperation } from "../../src/queue/operations/pulled/settle-pulled.ts";
import type { Store } from "../../src/queue/store.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { testSettings } from "../support/settings.ts";

const races = 10_000;
const atOnce = 250;
const monitor = "h0";

/** Others act between a load and its commit, as where the store is elsewhere; the same each time. */
function answerLater(store: Store): Store {
  let calls = 0;
  const pass = async () => {
    for (let turns = (++calls * 7) % 5; turns > 0; turns--) await Promise.resolve();
  };
  return {
    ...store,
    answersAtOnce: false,
    load: async (request) => {
      await pass();
      const loaded = await store.load(request);
      await pass();
      return loaded;
    },
    commit: async (...given) => {
      await pass();
      return await store.commit(...given);
    },
  };
}

it(`accept and withdrawal raced ${races} times: one of them wins each time, and each wins often`, async () => {
  let now = 1_790_000_000_000;
  /** looks at the clock until it goes on */
  let looksLeft = Number.POSITIVE_INFINITY;
  const clock = () => (looksLeft-- > 0 ? now : now + 1);
  const settings = testSettings();
  const store = answerLater(createEmbeddedStore(settings, clock));
  const [first, second] = [createQueueOver(store, settings, "first"), createQueueOver(store, settings, "second")];
  const won = { accept: 0, withdrawal: 0 };

  /** Each in a profile of its own: a monitor that let offers lapse is left alone for a while. */
  const offer = async (race: number) => {
    const profileKey = `p${race}`;
    const counts = { idle: 1, healthy: 1, target: 1 };
    const presence = { presentForMs: 60_000, listed: [], drained: { drainedAt: 0, drainedUntil: 0 } };
    const order = { bootAt: 1, seq: 1 };
    await first.runner.run(pulledSnapshotOperation({ profileKey, monitor, order, counts, ...presence }));
    const job = { uniqueId: `job-${race}`, profileKey, runnerCount: 1, qualifiedRepo: "o/r", runId: String(race) };
    const enqueued = await first.enqueue(job);
    if (enqueued.kind !== "accepted") throw new Error(`not in line: ${enqueued.kind}`);
    const claimId = `claim-${race}`;
    const claimed = await first.poll({ ...job, place: enqueued.place }, claimId, noHold);
    if (claimed.kind !== "claimed") throw new Error(`not claimed: ${JSON.stringify(claimed)}`);
    const endsAt = claimed.job.claim?.legs[0]?.offeredUntil ?? 0;
    return { profileKey, uniqueId: job.uniqueId, claimId, endsAt };
  };

  for (let begun = 0; begun < races; begun += atOnce) {
    const legs = await Promise.all(Array.from({ length: atOnce }, (_, at) => offer(begun + at)));
    now = Math.max(...legs.map(({ endsAt }) => endsAt)) - 1;
    // another step each time: before the loads, between them and the commits, after them
    looksLeft = ((begun / atOnce) % 20) * (atOnce / 2);
    const ends = await Promise.all(
      legs.map(async ({ endsAt: _, ...leg }) => {
        const accepting = first.runner.run(acceptLegOperation({ ...leg, monitor, order: { bootAt: 1, seq: 2 } }));
        const looking = second.runner.run(lookAtPulledLegOperation(leg, monitor));
        return [await accepting, await looking] as const;
      }),
    );
    looksLeft = Number.POSITIVE_INFINITY;
    now += 1;
    for (const [accepted, looked] of ends) {
      const isWithdrawn = looked.news !== null;
      expect([accepted, isWithdrawn]).toEqual(isWithdrawn ? ["withdrawn", true] : ["accepted", false]);
      won[isWithdrawn ? "withdrawal" : "accept"]++;
    }
  }
  expect(Math.min(won.accept, won.withdrawal)).toBeGreaterThan(races / 50);
});
