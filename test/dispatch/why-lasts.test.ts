// An operator who wants to ask about last week sets TOMBSTONE_TTL: whoever is remembered is found by
// id alone, whether the job had its runners or not.
import { nanoid } from "nanoid";
import { expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { createAdministration } from "../../src/dispatch/administration.ts";
import { createDispatcher } from "../../src/dispatch/dispatcher.ts";
import type { Monitors } from "../../src/queue/fleet/monitors.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { testSettings } from "../support/settings.ts";

const dayMs = 86_400_000;
const monitors: Monitors = {
  names: ["ci0"],
  knows: () => true,
  fetches: () => false,
  take: async ({ monitor }) => ({
    kind: "taken",
    runners: [{ monitor, id: "1", body: '{"id":1,"runner":{}}' }],
    unlistedRunners: 0,
  }),
  readEvidence: async () => ({ kind: "none" }),
  readRunners: async () => null,
};

it("why is told by id for as long as TOMBSTONE_TTL, to the last day of it", async () => {
  const settings = { ...testSettings({ TOMBSTONE_TTL: "7d" }), takeTimeoutMs: 1_000 };
  let now = Date.now();
  const store = createEmbeddedStore(settings, () => now);
  const dispatcher = createDispatcher({
    clock: systemClock,
    newId: nanoid,
    random: () => 0,
    store,
    monitors,
    fetching: { names: [] },
    settings,
    owner: "me",
    observe: () => {},
    fleetNews: { noteWaiting: () => {}, noteChange: () => {} },
  });
  const administration = createAdministration(
    store,
    dispatcher,
    () => ["ci0"],
    () => {},
  );
  const counts = new Map([["linux", { idle: 1, target: 1, healthy: 1 }]]);
  await dispatcher.monitorBook.finishPoll(
    "ci0",
    now,
    { kind: "snapshot", counts },
    {
      nextInMs: 1_000,
      idleInMs: 1_000,
    },
  );
  const request = { profileKey: "linux", runnerCount: 1, qualifiedRepo: "o/r", runId: "1" };
  const enqueue = async (uniqueId: string) => {
    const reply = await dispatcher.enqueue({ ...request, uniqueId });
    if (reply.kind !== "accepted") throw new Error(reply.kind);
    return { ...request, uniqueId, place: reply.place };
  };
  const ticket = await enqueue("served");
  const reply = await dispatcher.take(ticket, () => new AbortController().signal);
  expect(reply).toMatchObject({ kind: "taken" });
  await dispatcher.cancel("linux", "left", await enqueue("left"));
  await dispatcher.idle();
  const statesAfter = async (days: number) => {
    now += days * dayMs;
    const jobs = await Promise.all(["served", "left"].map((uniqueId) => administration.job(uniqueId)));
    return jobs.map((found) => found?.job.state);
  };
  expect(await statesAfter(6.9)).toEqual(["taken", "cancelled"]);
  expect(await statesAfter(0.2)).toEqual([undefined, undefined]);
});
