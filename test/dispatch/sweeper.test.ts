// When profiles are swept: every second while somebody waits, however quiet it was before.
import { nanoid } from "nanoid";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { createDispatcher } from "../../src/dispatch/dispatcher.ts";
import type { QueueEvent } from "../../src/queue/events.ts";
import type { Monitors } from "../../src/queue/fleet/monitors.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { testSettings } from "../support/settings.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] }));
afterEach(() => void vi.useRealTimers());

const askedInVain = () => Promise.reject(new Error("no job is claimed here"));
const nobodyToAsk: Monitors = {
  names: [],
  knows: () => false,
  fetches: () => false,
  take: askedInVain,
  readEvidence: askedInVain,
  readRunners: askedInVain,
};

/** An instance that sweeps, with one monitor that keeps a runner and has none idle. */
async function startInstance() {
  const settings = { ...testSettings({ ABANDON_AFTER: "3s" }), takeTimeoutMs: 1_000 };
  const events: QueueEvent[] = [];
  const dispatcher = createDispatcher({
    clock: systemClock,
    newId: nanoid,
    random: () => 0,
    store: createEmbeddedStore(settings, Date.now),
    monitors: nobodyToAsk,
    fetching: { names: [] },
    settings,
    owner: "me",
    observe: (event) => void events.push(event),
    fleetNews: { noteWaiting: () => {}, noteChange: () => {} },
  });
  const counts = new Map([["linux", { idle: 0, target: 1, healthy: 1 }]]);
  const pace = { nextInMs: 1_000, idleInMs: 1_000 };
  await dispatcher.monitorBook.finishPoll("ci0", Date.now(), { kind: "snapshot", counts }, pace);
  dispatcher.sweeper.start();
  await vi.advanceTimersByTimeAsync(1_500);
  return { dispatcher, abandoned: () => events.filter(({ kind }) => kind === "abandoned").length };
}

const request = { uniqueId: "a", profileKey: "linux", runnerCount: 1, qualifiedRepo: "o/r", runId: "1" };

test("a job that came just after its profile was found empty is abandoned within a second of its time", async () => {
  const { dispatcher, abandoned } = await startInstance();
  expect(await dispatcher.enqueue(request)).toMatchObject({ kind: "accepted" });
  await vi.advanceTimersByTimeAsync(2_900);
  expect(abandoned()).toBe(0);
  await vi.advanceTimersByTimeAsync(1_100);
  expect(abandoned()).toBe(1);
  await dispatcher.sweeper.stop();
});
