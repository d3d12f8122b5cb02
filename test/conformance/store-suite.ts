// What every store must do, as a function of a store factory. Time is handed in; the fleet is
// whatever a test says.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Job, Ticket } from "../../src/queue/job/job.ts";
import type { LegOutcome } from "../../src/queue/job/leg-outcome.ts";
import type { PollReply } from "../../src/queue/operations/poll.ts";
import type { Store } from "../../src/queue/store.ts";
import { createQueueOver, type QueueOver } from "../support/queue-over.ts";
import { testSettings } from "../support/settings.ts";

export interface StoreUnderTest {
  readonly store: Store;
  /** Throws everything away, as a lost machine does, and returns the store as it is then. */
  lose(): Promise<Store>;
  dispose(): Promise<void>;
}

export type StoreFactory = (environment: Record<string, string>, now: () => number) => Promise<StoreUnderTest>;

const profileKey = "linux";
const start = 1_790_000_000_000;

export function describeStore(name: string, create: StoreFactory): void {
  describe(`the ${name} store`, () => {
    let now: number;
    let under: StoreUnderTest;
    let queue: QueueOver;
    let claims: number;
    const environment = { MAX_ATTEMPTS: "3", MAX_QUEUE_DEPTH: "50" };
    const settings = testSettings(environment);

    beforeEach(async () => {
      now = start;
      claims = 0;
      under = await create(environment, () => now);
      queue = createQueueOver(under.store, settings);
      await queue.sweep(profileKey);
    });
    afterEach(async () => {
      await under.dispose();
    });

    const requestOf = (uniqueId: string, runnerCount = 1, profile = profileKey) => ({
      uniqueId,
      profileKey: profile,
      runnerCount,
      qualifiedRepo: "o/r",
      runId: "1",
    });
    async function enqueue(uniqueId: string, runnerCount = 1): Promise<Ticket> {
      const request = requestOf(uniqueId, runnerCount);
      const reply = await queue.enqueue(request, true);
      if (reply.kind !== "accepted") throw new Error(`not accepted: ${reply.kind}`);
      return { ...request, place: reply.place };
    }
    async function poll(ticket: Ticket, claimId = `claim-${claims++}`): Promise<PollReply> {
      return await queue.poll(ticket, claimId);
    }
    async function showFleet(idle: Record<string, number>, target = 4, profile = profileKey): Promise<void> {
      now += 1;
      for (const [monitor, free] of Object.entries(idle)) {
        const counts = new Map([[profile, { idle: free, target, healthy: target }]]);
        await queue.finishPoll(monitor, now, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 1000 });
      }
      now += 1;
    }
    async function claim(ticket: Ticket): Promise<Job> {
      const reply = await poll(ticket);
      if (reply.kind !== "claimed") throw new Error(`not claimed: ${JSON.stringify(reply)}`);
      return reply.job;
    }
    const runner = (monitor: string, id: string) => ({ monitor, id, body: `{"id":"${id}","runner":{}}` });
    const settle = (ticket: Ticket, job: Job, ...legs: LegOutcome[]) =>
      settleAll(ticket, {
        claimId: job.claim?.id ?? null,
        claimedAt: job.claim?.at ?? now,
        legs,
        found: [],
        clearedFor: null,
      });
    const settleAll = async (ticket: Ticket, settlement: Parameters<QueueOver["settle"]>[1]) => {
      const { reply, leaked } = await queue.settle(ticket, settlement);
      return { ...reply, leaked };
    };
    const taken = (monitor: string, ...ids: string[]): LegOutcome => ({
      monitor,
      state: "taken",
      runners: ids.map((id) => runner(monitor, id)),
    });
    const refused = (monitor: string): LegOutcome => ({ monitor, state: "refused", cause: "not_reserved" });

    it("gives the same place for the same request, and 409 for another one of that id, also in another profile", async () => {
      await showFleet({ ci0: 0 });
      const ticket = await enqueue("a");
      expect(await queue.enqueue(requestOf("a"), true)).toEqual({
        kind: "accepted",
        place: ticket.place,
        isNew: false,
      });
      expect((await queue.enqueue(requestOf("a", 2), true)).kind).toBe("conflict");
      await showFleet({ ci0: 0 }, 4, "other");
      expect((await queue.enqueue(requestOf("a", 1, "other"), true)).kind).toBe("conflict");
    });

    it("refuses what the fleet can never serve, says so only when the fleet is known, and stops at MAX_QUEUE_DEPTH", async () => {
      expect((await queue.enqueue(requestOf("a"), false)).kind).toBe("fleet_unknown");
      await showFleet({ ci0: 0, ci1: 0 }, 2);
      expect(await queue.enqueue(requestOf("a", 5), true)).toEqual({
        kind: "unsatisfiable",
        targets: 4,
      });
      for (let i = 0; i < 50; i++) await enqueue(`job-${i}`);
      expect((await queue.enqueue(requestOf("one-more"), true)).kind).toBe("full");
    });

    it("refuses who would wait for more runners than he is willing to, but neither who is in line nor who can be served", async () => {
      await showFleet({ ci0: 1 });
      const ask = async (id: string, most: number, count = 1) => {
        const reply = await queue.enqueue(requestOf(id, count), true, most);
        return reply.kind === "too_long" ? reply.runnersBefore : reply.kind;
      };
      expect(await ask("served", 0)).toBe("accepted");
      expect(await ask("second", 0)).toBe(1);
      expect(await ask("second", 1)).toBe("accepted");
      expect(await ask("gang", 3, 3)).toBe(4);
      // the same request again is no new wait
      expect(await ask("second", 0)).toBe("accepted");
      expect((await queue.inspect(profileKey, "gang")).kind).toBe("unknown");
    });

    it("says of each job why it waits and how many runners have to come free before", async () => {
      await showFleet({ ci0: 0 });
      const [first, gang] = [await enqueue("first"), await enqueue("gang", 3)];
      expect(await poll(gang)).toMatchObject({ reason: "no_capacity", runnersBefore: 4 });
      await showFleet({ ci0: 1 });
      expect(await poll(gang)).toMatchObject({ reason: "not_your_turn", runnersBefore: 3 });
      expect(await queue.inspect(profileKey, "gang")).toMatchObject({
        position: 2,
        outlook: { reason: "not_your_turn", runnersBefore: 3 },
      });
      expect(await queue.inspect(profileKey, "first")).toMatchObject({ outlook: { reason: "your_turn" } });
      await claim(first);
      expect(await queue.inspect(profileKey, "first")).toMatchObject({
        position: null,
        outlook: { reason: "claim_in_flight", runnersBefore: null },
      });
      now += 61_000;
      expect(await poll(await enqueue("late"))).toMatchObject({ reason: "fleet_unknown", runnersBefore: null });
    });

    it("knows how fast runners come free while they are scarce", async () => {
      for (const idle of [0, 2, 3]) {
        now += 4_998;
        await showFleet({ ci0: idle });
        await queue.sweep(profileKey);
      }
      expect((await queue.sweep(profileKey)).freedRate).toMatchObject({ freed: 2, scarceMs: 5_000 });
    });

    it("lets a job claim if and only if those ahead and itself fit in the capacity", async () => {
      await showFleet({ ci0: 0, ci1: 0 });
      const [a, b, c] = [await enqueue("a", 2), await enqueue("b"), await enqueue("c")];
      await showFleet({ ci0: 1, ci1: 1 });
      expect(await poll(c)).toMatchObject({ kind: "wait", reason: "not_your_turn", position: 3 });
      await showFleet({ ci0: 2, ci1: 1 });
      expect((await claim(b)).claim?.legs).toMatchObject([{ monitor: "ci0", runners: 1 }]);
      expect(await poll(c)).toMatchObject({ kind: "wait", position: 2 });
      expect((await claim(a)).claim?.legs.map(({ monitor, runners }) => [monitor, runners])).toEqual([
        ["ci1", 1],
        ["ci0", 1],
      ]);
    });

    it("does not let a sleeper hold anybody back, and keeps its place for when it wakes", async () => {
      // long after the store's life began: who was heard before it has their time anew
      now += 60_000;
      await showFleet({ ci0: 0 });
      const [sleeper, awake] = [await enqueue("sleeper"), await enqueue("awake")];
      await poll(sleeper);
      now += 8_900;
      await poll(awake);
      now += 200;
      await queue.sweep(profileKey);
      await showFleet({ ci0: 1 });
      const inspected = await queue.inspect(profileKey, "awake");
      expect(inspected).toMatchObject({ position: 1 });
      expect((await poll(awake)).kind).toBe("claimed");
      expect(await poll(sleeper)).toMatchObject({ kind: "wait", position: 1 });
    });

    it("does not let a job that nobody can serve now hold anybody back", async () => {
      await showFleet({ ci0: 0 }, 4);
      const [big, small] = [await enqueue("big", 4), await enqueue("small")];
      await showFleet({ ci0: 1 }, 2);
      expect(await poll(big)).toMatchObject({ kind: "wait", reason: "unsatisfiable_now" });
      expect((await poll(small)).kind).toBe("claimed");
    });

    it("abandons a job after ABANDON_AFTER without a poll, never earlier, and says so for as long as its ticket lives", async () => {
      await showFleet({ ci0: 0 });
      const [silent, polling] = [await enqueue("silent"), await enqueue("polling")];
      now += 29_000;
      expect((await poll(polling)).kind).toBe("wait");
      now += 4_000;
      await poll(polling);
      now += 29_900;
      const sweep = await queue.sweep(profileKey);
      expect(sweep.abandoned.map(({ uniqueId }) => uniqueId)).toEqual(["silent"]);
      expect((await poll(polling)).kind).toBe("wait");
      expect((await poll(silent)).kind).toBe("abandoned");
      now += 36_000;
      expect((await poll(polling)).kind).toBe("abandoned");
    });

    it("replays the same answer until ANSWER_TTL after the reservation began, and no longer", async () => {
      await showFleet({ ci0: 1 });
      const ticket = await enqueue("a");
      const job = await claim(ticket);
      now += 20_000;
      const reply = await settle(ticket, job, taken("ci0", "7"));
      expect(reply).toEqual({ kind: "taken", answer: '{"id":"7","runner":{}}', isNew: true, leaked: [] });
      now += 24_900;
      expect(await poll(ticket)).toEqual({ kind: "taken", answer: '{"id":"7","runner":{}}' });
      now += 200;
      expect((await poll(ticket)).kind).toBe("answer_expired");
      expect((await queue.enqueue(requestOf("a"), true)).kind).toBe("id_used");
    });

    it("settles once, however often it is told", async () => {
      await showFleet({ ci0: 2 });
      const ticket = await enqueue("a");
      const job = await claim(ticket);
      const first = await settle(ticket, job, taken("ci0", "7"));
      const fleet = (await queue.overview(profileKey, 0)).fleet;
      expect(await settle(ticket, job, taken("ci0", "7"))).toEqual({ ...first, isNew: false });
      expect((await queue.overview(profileKey, 0)).fleet).toEqual(fleet);
    });

    it("gives the same claim to a poll that is repeated, and counts its legs once", async () => {
      await showFleet({ ci0: 2 });
      const ticket = await enqueue("a");
      const first = await poll(ticket, "same");
      const fleet = (await queue.overview(profileKey, 0)).fleet;
      expect(await poll(ticket, "same")).toEqual(first);
      expect((await queue.overview(profileKey, 0)).fleet).toEqual(fleet);
      expect(await poll(ticket, "another")).toMatchObject({ kind: "wait", reason: "claim_in_flight" });
    });

    it("puts a refused job back in its old place and counts the monitor as empty until its next snapshot", async () => {
      await showFleet({ ci0: 1 });
      const [a, b] = [await enqueue("a"), await enqueue("b")];
      expect((await settle(a, await claim(a), refused("ci0"))).kind).toBe("queued");
      expect(await poll(a)).toMatchObject({ kind: "wait", reason: "monitor_refuses", position: 1 });
      await showFleet({ ci0: 1 });
      expect(await poll(b)).toMatchObject({ kind: "wait", reason: "not_your_turn", position: 2 });
      expect((await poll(a)).kind).toBe("claimed");
    });

    it("ends a job as failed after MAX_ATTEMPTS refusals", async () => {
      await showFleet({ ci0: 1, ci1: 1, ci2: 1 });
      const bad = await enqueue("bad");
      for (let attempt = 1; attempt <= 3; attempt++) {
        const job = await claim(bad);
        const reply = await settle(bad, job, refused(job.claim?.legs[0]?.monitor ?? ""));
        expect(reply.kind).toBe(attempt === 3 ? "failed" : "queued");
      }
      expect((await poll(bad)).kind).toBe("failed");
      await showFleet({ ci0: 1 });
      expect((await poll(await enqueue("next"))).kind).toBe("claimed");
    });

    it("lets the others by before a job's last refusal counts, and ends it once they were served where it is refused", async () => {
      await showFleet({ ci0: 1, ci1: 1, ci2: 1 });
      const [bad, next] = [await enqueue("bad"), await enqueue("next")];
      for (let attempt = 1; attempt <= 3; attempt++) {
        const job = await claim(bad);
        expect((await settle(bad, job, refused(job.claim?.legs[0]?.monitor ?? ""))).kind).toBe("queued");
      }
      await showFleet({ ci0: 1 });
      expect(await poll(bad)).toMatchObject({ kind: "wait", reason: "monitor_refuses" });
      await settle(next, await claim(next), taken("ci0", "7"));
      now += 5_000;
      await showFleet({ ci0: 1 });
      expect((await settle(bad, await claim(bad), refused("ci0"))).kind).toBe("failed");
    });

    it("leaves a monitor that keeps refusing alone for a growing time, and then probes it once", async () => {
      await showFleet({ ci0: 4 });
      const tickets = await Promise.all(["a", "b", "c"].map((id) => enqueue(id)));
      const [a, b, c] = tickets as [Ticket, Ticket, Ticket];
      // one job's refusals are one mark, however many they are
      for (let time = 0; time < 2; time++) {
        await settle(a, await claim(a), refused("ci0"));
        await showFleet({ ci0: 4 });
      }
      await settle(b, await claim(b), refused("ci0"));
      await showFleet({ ci0: 4 });
      expect(await poll(b)).toMatchObject({ kind: "wait", reason: "monitor_refuses" });
      now += 1_000;
      const probe = await claim(b);
      expect(await poll(c)).toMatchObject({ kind: "wait", reason: "monitor_refuses" });
      await settle(b, probe, taken("ci0", "1"));
      expect((await poll(c)).kind).toBe("claimed");
    });

    it("subtracts a settled claim until a snapshot that was asked for after it settled", async () => {
      await showFleet({ ci0: 1 });
      const [a, b] = [await enqueue("a"), await enqueue("b")];
      const job = await claim(a);
      const askedBefore = now;
      now += 10;
      await settle(a, job, taken("ci0", "1"));
      const counts = new Map([[profileKey, { idle: 1, target: 4, healthy: 4 }]]);
      await queue.finishPoll("ci0", askedBefore, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 1000 });
      expect(await poll(b)).toMatchObject({ kind: "wait", reason: "no_capacity" });
      await showFleet({ ci0: 1 });
      expect((await poll(b)).kind).toBe("claimed");
    });

    it("keeps a part that was taken in hand, asks only for the rest, and lets go after HOLD_TIMEOUT", async () => {
      await showFleet({ ci0: 2, ci1: 1 });
      const gang = await enqueue("gang", 3);
      const first = await claim(gang);
      expect((await settle(gang, first, taken("ci0", "1", "2"))).kind).toBe("open");
      expect((await settle(gang, first, refused("ci1"))).kind).toBe("queued");
      await showFleet({ ci0: 0, ci1: 1 });
      const second = await claim(gang);
      expect(second.claim?.legs).toMatchObject([{ monitor: "ci1", runners: 1 }]);
      expect(await settle(gang, second, taken("ci1", "3"))).toMatchObject({
        kind: "taken",
        answer: '[{"id":"1","runner":{}},{"id":"2","runner":{}},{"id":"3","runner":{}}]',
      });

      await showFleet({ ci0: 1, ci1: 1 });
      const unlucky = await enqueue("unlucky", 2);
      const third = await claim(unlucky);
      await settle(unlucky, third, taken("ci0", "9"), refused("ci1"));
      now += 20_000;
      await poll(unlucky);
      now += 10_100;
      expect((await queue.sweep(profileKey)).leaked).toEqual(["ci0/9"]);
      expect(await queue.inspect(profileKey, "unlucky")).toMatchObject({ job: { state: "queued", refusals: 0 } });
    });

    it("reports runners that nobody can use, and never gives out more than asked", async () => {
      await showFleet({ ci0: 2 });
      const ticket = await enqueue("a");
      const job = await claim(ticket);
      expect(await settle(ticket, job, taken("ci0", "1", "2"))).toMatchObject({ kind: "taken", leaked: ["ci0/2"] });
      await showFleet({ ci0: 1 });
      const cancelled = await enqueue("b");
      const open = await claim(cancelled);
      expect((await queue.cancel(profileKey, "b", cancelled)).kind).toBe("cancelled");
      expect(await settle(cancelled, open, taken("ci0", "3"))).toEqual({ kind: "over", leaked: ["ci0/3"] });
      expect((await poll(cancelled)).kind).toBe("cancelled");
    });

    it("hands a claim whose owner died to exactly one other, and lets the first owner's news still count", async () => {
      await showFleet({ ci0: 1 });
      const ticket = await enqueue("a");
      const job = await claim(ticket);
      now += 4_000;
      expect(await queue.renew(ticket, job.claim?.id ?? "", true)).toBe(true);
      now += 4_900;
      expect((await createQueueOver(queue.store, settings, "other").sweep(profileKey)).lapsed).toEqual([]);
      now += 200;
      expect(
        (await createQueueOver(queue.store, settings, "other").sweep(profileKey)).lapsed.map(
          ({ uniqueId }) => uniqueId,
        ),
      ).toEqual(["a"]);
      expect((await createQueueOver(queue.store, settings, "third").sweep(profileKey)).lapsed).toEqual([]);
      expect(await queue.renew(ticket, job.claim?.id ?? "", true)).toBe(false);
      expect((await settle(ticket, job, taken("ci0", "1"))).kind).toBe("taken");
    });

    it("gives a job that it lost its old place back, and does not claim it before evidence", async () => {
      await showFleet({ ci0: 0 });
      const [a, b] = [await enqueue("a"), await enqueue("b")];
      now += 1_000;
      queue = createQueueOver(await under.lose(), settings);
      await queue.sweep(profileKey);
      await showFleet({ ci0: 3 });
      const fresh = await enqueue("fresh");
      expect(await poll(b)).toMatchObject({ kind: "suspect", wait: { isReadmitted: true } });
      expect(await poll(a)).toMatchObject({ kind: "suspect", wait: { isReadmitted: true } });
      expect((await poll(fresh)).kind).toBe("claimed");
      const seen = await poll(a);
      if (seen.kind !== "suspect") throw new Error("a is no longer suspect");
      const clear = { claimId: null, claimedAt: now, legs: [], clearedFor: seen.lostAt };
      expect((await settleAll(b, { ...clear, found: [] })).kind).toBe("queued");
      expect((await poll(b)).kind).toBe("claimed");
      const found = [{ ...runner("ci0", "5"), since: now }];
      expect(await settleAll(a, { ...clear, found })).toMatchObject({
        kind: "taken",
        answer: '{"id":"5","runner":{}}',
      });
    });

    it("refuses tickets past TICKET_MAX_AGE for a job it knows nothing of, and tickets of an earlier life", async () => {
      await showFleet({ ci0: 0 });
      const ticket = await enqueue("a");
      await queue.cancel(profileKey, "a", ticket);
      now += 1;
      const again = await enqueue("a");
      expect((await poll(ticket)).kind).toBe("superseded");
      expect((await poll(again)).kind).toBe("wait");
      now += 3_600_001;
      queue = createQueueOver(await under.lose(), settings);
      expect((await poll(again)).kind).toBe("ticket_expired");
    });

    it("remembers a cancelled job for as long as its ticket could bring it back, also one that it had lost", async () => {
      await showFleet({ ci0: 0 });
      const ticket = await enqueue("a");
      queue = createQueueOver(await under.lose(), settings);
      expect((await queue.cancel(profileKey, "a", ticket)).kind).toBe("cancelled");
      now += 3_599_000;
      expect((await poll(ticket)).kind).toBe("cancelled");
      expect(await queue.cancel(profileKey, "a", ticket)).toEqual({ kind: "over", state: "cancelled" });
      expect((await queue.cancel(profileKey, "nobody", null)).kind).toBe("unknown");
    });

    it("does not let an id live again while a monitor may still be at work for its earlier life", async () => {
      await showFleet({ ci0: 2 });
      const ticket = await enqueue("a");
      const job = await claim(ticket);
      await queue.cancel(profileKey, "a", ticket);
      expect((await queue.enqueue(requestOf("a"), true)).kind).toBe("settling");
      await settle(ticket, job, refused("ci0"));
      expect((await queue.overview(profileKey, 0)).fleet.get("ci0")?.out).toEqual([]);
      expect((await queue.enqueue(requestOf("a"), true)).kind).toBe("accepted");
    });

    it("does not give such an id to another profile or another spelling either", async () => {
      await showFleet({ ci0: 2 });
      await showFleet({ ci9: 2 }, 4, "other");
      const ticket = await enqueue("XID");
      const job = await claim(ticket);
      await queue.cancel(profileKey, "XID", ticket);
      const asked = [requestOf("XID", 1, "other"), requestOf("xid", 1, "other"), requestOf("xid")];
      for (const request of asked) expect((await queue.enqueue(request, true)).kind).toBe("settling");
      await settle(ticket, job, refused("ci0"));
      now += 2_000;
      expect((await queue.enqueue(requestOf("xid"), true)).kind).toBe("accepted");
    });

    it("keeps thousands of surplus runners of a lying monitor from breaking anything, and names them all", async () => {
      await showFleet({ ci0: 1 });
      const ticket = await enqueue("a");
      const many = Array.from({ length: 9_000 }, (_, n) => String(n));
      const reply = await settle(ticket, await claim(ticket), taken("ci0", ...many.slice(0, 1000)));
      expect(reply.kind).toBe("taken");
      expect(reply.leaked).toHaveLength(999);
      const lost = { ...ticket, runId: "2", place: ticket.place + 1 };
      const found = many.map((id) => ({ ...runner("ci0", id), since: now }));
      const surplus = await settleAll(lost, { claimId: null, claimedAt: now, legs: [], found, clearedFor: null });
      expect(surplus).toMatchObject({ kind: "lost" });
      expect(surplus.leaked).toHaveLength(9_000);
    });

    it("stops counting a leg that nobody ever settles, so that its monitor is asked again", async () => {
      await showFleet({ ci0: 1 });
      await claim(await enqueue("a"));
      now += 3_000_000;
      await showFleet({ ci0: 1 });
      const next = await enqueue("next");
      expect((await poll(next)).kind).toBe("claimed");
    });

    it("never completes a job with runners that are too old to be of use: it asks for those again", async () => {
      await showFleet({ ci0: 1, ci1: 1 });
      const gang = await enqueue("gang", 2);
      const job = await claim(gang);
      expect((await settle(gang, job, taken("ci0", "old"))).kind).toBe("open");
      now += 45_000;
      expect(await settle(gang, job, refused("ci1"))).toMatchObject({ leaked: ["ci0/old"] });
      expect(await queue.inspect(profileKey, "gang")).toMatchObject({
        job: { state: "queued", spentRunners: ["ci0/old"] },
      });
    });

    it("does not claim the rest of a gang with runners in hand that are held too long", async () => {
      await showFleet({ ci0: 1, ci1: 1 });
      const gang = await enqueue("gang", 2);
      await settle(gang, await claim(gang), taken("ci0", "1"), refused("ci1"));
      now += 20_000;
      await poll(gang);
      now += 10_000;
      await showFleet({ ci0: 0, ci1: 1 });
      expect(await poll(gang)).toMatchObject({ kind: "wait", reason: "reconciling" });
    });

    it("asks another monitor at once where a leg could not be sent, and blames nobody for it", async () => {
      await showFleet({ ci0: 3, ci1: 1 });
      const ticket = await enqueue("a");
      const job = await claim(ticket);
      expect(job.claim?.legs[0]?.monitor).toBe("ci0");
      await settle(ticket, job, { monitor: "ci0", state: "refused", cause: "unsent" });
      const next = await claim(ticket);
      expect(next.claim?.legs[0]?.monitor).toBe("ci1");
      expect(next.refusals).toBe(0);
      expect((await queue.overview(profileKey, 0)).fleet.get("ci0")?.refusedJobs).toEqual([]);
    });

    it("does not let a gang that only a monitor unheard of could serve hold anybody back", async () => {
      await showFleet({ ci0: 0, gone: 0 }, 2);
      const [gang, single] = [await enqueue("gang", 4), await enqueue("single")];
      for (let i = 0; i < 7; i++) {
        now += 9_000;
        await poll(gang);
        await poll(single);
      }
      await showFleet({ ci0: 1 }, 2);
      expect(await poll(gang)).toMatchObject({ reason: "unsatisfiable_now" });
      expect((await poll(single)).kind).toBe("claimed");
    });

    it("keeps what late news brings beyond what evidence had shown, and loses no runner silently", async () => {
      await showFleet({ ci0: 2 });
      const pair = await enqueue("pair", 2);
      const job = await claim(pair);
      expect((await settle(pair, job, taken("ci0", "1"))).kind).toBe("queued");
      expect(await settle(pair, job, taken("ci0", "1", "2"))).toMatchObject({ kind: "taken", leaked: [] });
      expect(await settle(pair, job, taken("ci0", "1", "2", "3"))).toMatchObject({ kind: "taken", leaked: ["ci0/3"] });
    });

    it("takes ids that differ only in case for one name, as GitHub takes the labels made of them", async () => {
      await showFleet({ ci0: 0 });
      await enqueue("Job1");
      expect((await queue.enqueue(requestOf("job1"), true)).kind).toBe("conflict");
      expect([await queue.findProfile("Job1"), await queue.findProfile("job1")]).toEqual([profileKey, null]);
    });

    it("knows nothing of a profile that only an enqueue named", async () => {
      await showFleet({ ci0: 0 });
      const reply = await queue.enqueue(requestOf("a", 1, "typo"), true);
      expect(reply).toEqual({ kind: "unsatisfiable", targets: 0 });
      expect(await queue.store.listProfiles()).toEqual([profileKey]);
    });

    it("lets one instance at a time ask a monitor, once per interval, and the others read what it learnt", async () => {
      expect((await queue.beginPoll("ci0", "one", 3000, false)).kind).toBe("ask");
      expect((await queue.beginPoll("ci0", "two", 3000, false)).kind).toBe("skip");
      await queue.finishPoll("ci0", now, { kind: "failed" }, { nextInMs: 1000, idleInMs: 1000 });
      now += 999;
      expect(await queue.beginPoll("ci0", "two", 3000, false)).toMatchObject({
        kind: "skip",
        record: { failures: 1, answeredAt: 0 },
      });
      now += 1;
      expect((await queue.beginPoll("ci0", "two", 3000, false)).kind).toBe("ask");
      now += 3000;
      expect((await queue.beginPoll("ci0", "three", 3000, false)).kind, "the asker died").toBe("ask");
    });

    it("gives out no more places at a monitor than the limit, and takes back what was not returned in time", async () => {
      expect(await queue.store.takePlace("ci0", "a", 2, 1000)).toBe("taken");
      expect(await queue.store.takePlace("ci0", "b", 2, 2000)).toBe("taken");
      expect(await queue.store.takePlace("ci0", "a", 2, 1000), "again").toBe("taken");
      expect(await queue.store.takePlace("ci0", "c", 2, 1000)).toBe("full");
      await queue.store.freePlace("ci0", "b", null);
      expect(await queue.store.takePlace("ci0", "c", 2, 1000)).toBe("taken");
      now += 1000;
      expect(await queue.store.takePlace("ci0", "d", 2, 1000)).toBe("taken");
    });
  });
}
