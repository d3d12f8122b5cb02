// Reconciling acts as soon as the evidence suffices, and tells the store of every runner that is
// seen.
import { expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { createReconcile } from "../../../src/dispatch/takes/reconciler.ts";
import type { QueueEvent } from "../../../src/queue/events.ts";
import type { EvidenceWindow, Monitors } from "../../../src/queue/fleet/monitors.ts";
import type { Evidence } from "../../../src/queue/job/evidence.ts";
import type { Job } from "../../../src/queue/job/job.ts";
import type { Settlement, SettleReply } from "../../../src/queue/job/settlement.ts";
import { claimedJobOf, jobOf, legOf, lostAt, now, runnerOf, settings, ticket } from "../../support/queue-data.ts";

const seen = (monitor: string, ids: readonly string[] = [], ambiguous: readonly string[] = []): Evidence => ({
  kind: "seen",
  runners: ids.map((id) => runnerOf(id, monitor)),
  ambiguous,
});

/** Reconciles while monitors answer one after the other, in the order of `shown`. */
async function reconcile(job: Job, shown: Readonly<Record<string, Evidence>>, loss: number | null = null) {
  const settled: Settlement[] = [];
  const events: QueueEvent[] = [];
  const windows = new Map<string, EvidenceWindow>();
  const order = Object.keys(shown);
  const answers = new Map(order.map((monitor) => [monitor, Promise.withResolvers<Evidence>()]));
  const monitors: Monitors = {
    names: ["ci0", "ci1"],
    knows: () => true,
    fetches: () => false,
    take: () => Promise.reject(new Error("nobody is asked for runners")),
    readRunners: async () => null,
    readEvidence: async (monitor, _uniqueId, window) => {
      windows.set(monitor, window);
      return await (answers.get(monitor)?.promise ?? Promise.reject(new Error(`${monitor} is not to be asked`)));
    },
  };
  const settle = async (_ticket: typeof ticket, settlement: Settlement): Promise<SettleReply> => {
    settled.push(settlement);
    return settled.length === 1 ? { kind: "queued" } : { kind: "over" };
  };
  const end = createReconcile(
    monitors,
    settings,
    settle,
    (event) => events.push(event),
    systemClock,
  )(ticket, job, now, loss);
  for (const monitor of order) {
    answers.get(monitor)?.resolve(shown[monitor] ?? { kind: "none" });
    await answers.get(monitor)?.promise;
  }
  return {
    reply: await end,
    settled,
    windows,
    verdicts: events.map((event) => ("verdict" in event ? event.verdict : event.kind)),
  };
}

const unknown = legOf({ state: "unknown" });
const both = claimedJobOf([unknown, legOf({ monitor: "ci1", state: "unknown" })], { runnerCount: 2 });

it.each([
  {
    name: "one leg, and its runner is there",
    job: claimedJobOf([unknown]),
    shown: { ci0: seen("ci0", ["7"]) },
    settlements: 1,
    verdicts: ["taken"],
  },
  {
    name: "one leg, and nothing is there",
    job: claimedJobOf([unknown]),
    shown: { ci0: seen("ci0") },
    settlements: 1,
    verdicts: ["refused"],
  },
  {
    name: "nothing is to be had",
    job: claimedJobOf([unknown]),
    shown: { ci0: { kind: "none" } as Evidence },
    settlements: 1,
    verdicts: ["refused"],
  },
  {
    name: "two legs are settled together",
    job: both,
    shown: { ci0: seen("ci0", ["7"]), ci1: seen("ci1") },
    settlements: 1,
    verdicts: ["taken", "refused"],
  },
  {
    name: "a runner is found where none was asked for",
    job: claimedJobOf([unknown], { asked: { ci1: now - 9_000 } }),
    shown: { ci1: seen("ci1", ["7"]), ci0: seen("ci0") },
    settlements: 2,
    verdicts: ["refused", "found_elsewhere"],
  },
  {
    name: "what is seen after enough was found is told as well",
    job: claimedJobOf([unknown], { asked: { ci1: now - 9_000 } }),
    shown: { ci0: seen("ci0", ["7"]), ci1: seen("ci1", ["8"]) },
    settlements: 2,
    verdicts: ["taken"],
  },
  {
    name: "runners that are reserved for others as well are counted, and prove nothing",
    job: claimedJobOf([unknown]),
    shown: { ci0: seen("ci0", [], ["9"]) },
    settlements: 1,
    verdicts: ["ambiguous_reservation", "refused"],
  },
])("evidence settles a claim: $name", async ({ job, shown, settlements, verdicts }) => {
  const { reply, settled, verdicts: said } = await reconcile(job, shown);
  expect(reply).toEqual({ kind: "queued" });
  expect([settled.length, said]).toEqual([settlements, verdicts]);
});

it("a job of before a loss is cleared for that loss, once every monitor was looked at", async () => {
  const { settled, windows } = await reconcile(
    jobOf({ clearedFor: 1 }),
    { ci0: seen("ci0"), ci1: seen("ci1") },
    lostAt,
  );
  expect(settled).toMatchObject([{ claimId: null, clearedFor: lostAt, found: [] }]);
  expect([...windows.keys()]).toEqual(["ci0", "ci1"]);
});

it("a claim of which nothing is open needs no evidence, and is settled as it is", async () => {
  const { settled, windows } = await reconcile(jobOf(), {});
  expect([settled.length, windows.size]).toEqual([1, 0]);
});

it("evidence is read by this process's clock", async () => {
  const { windows } = await reconcile(claimedJobOf([unknown]), { ci0: seen("ci0") });
  const window = windows.get("ci0");
  expect((window?.until ?? 0) - (window?.after ?? 0)).toBeCloseTo(65_000, 3);
  expect(Math.abs((window?.after ?? 0) - performance.now() - 22_000)).toBeLessThan(20_000);
});
