// Blame goes where it belongs: monitors that are wrong cost no job anything, one bad job costs no
// monitor anything, and where everybody is refused, nobody is spent.
import { expect, it } from "vitest";
import type { Ticket } from "../../src/queue/job/job.ts";
import type { RefusalCause } from "../../src/queue/job/leg-outcome.ts";
import { describeOnStores, openQueue, type ServedQueue, takenAt } from "../support/hand-clock.ts";

const five = { m0: 1, m1: 1, m2: 1, m3: 1, m4: 1 };

/**
 * A job asks until it has to wait or is over; answers which monitors refused it, one after the
 * other.
 */
async function refuseAll(served: ServedQueue, ticket: Ticket, cause: RefusalCause): Promise<string[]> {
  const asked: string[] = [];
  for (;;) {
    served.clock.now += 10;
    const reply = await served.poll(ticket);
    if (reply.kind !== "claimed") return asked;
    asked.push(...(reply.job.claim?.legs ?? []).map(({ monitor }) => monitor));
    await served.refuse(ticket, reply.job, cause);
  }
}

describeOnStores("a job", (open) => {
  for (const [cause, words] of [
    ["rejected", "reject our credentials"],
    ["unreachable", "cannot be reached"],
    ["no_evidence", "fall silent and show nothing"],
    ["unsent", "could not be asked, because their places were taken"],
  ] as const) {
    it(`that five monitors fail which ${words} loses no attempt and no place, however often`, async () => {
      const served = await openQueue(open);
      await served.showFleet(five);
      const ticket = await served.enqueue("good");
      const asked: string[] = [];
      for (let round = 0; round < 5; round++) {
        asked.push(...(await refuseAll(served, ticket, cause)));
        await served.showFleet({ m0: 0, m1: 0, m2: 0, m3: 0, m4: 0 });
        await served.serve(62_000, [ticket]);
        await served.showFleet(five);
      }
      expect(asked.length).toBeGreaterThan(served.settings.maxAttempts);
      expect(await served.inspect("good")).toMatchObject({
        job: { state: "queued", refusals: 0, place: ticket.place },
      });
      served.clock.now += 10;
      expect(await served.poll(ticket)).toMatchObject({ kind: "claimed" });
    });
  }

  it("that every monitor refuses ends as failed, and no monitor is backed off for the others", async () => {
    const served = await openQueue(open);
    const bad = await served.enqueueOn(five, "bad");
    expect(await refuseAll(served, bad, "not_reserved")).toHaveLength(5);
    expect((await served.poll(bad)).kind).toBe("failed");
    const good = await served.enqueue("good");
    served.clock.now += 10;
    await served.showFleet(five);
    served.clock.now += 10;
    const claim = await served.claim(good);
    expect(claim.claim?.legs).toHaveLength(1);
  });

  it("that one monitor refuses again and again is one mark against it: the next job is served there at once", async () => {
    const served = await openQueue(open);
    const bad = await served.enqueueOn({ m0: 1 }, "bad");
    for (let time = 0; time < served.settings.maxAttempts - 1; time++) {
      served.clock.now += 10;
      await served.refuse(bad, await served.claim(bad), "not_reserved");
      served.clock.now += 10;
      await served.showFleet({ m0: 2 });
    }
    const good = await served.enqueue("good");
    served.clock.now += 10;
    expect(await served.poll(good)).toMatchObject({ kind: "claimed" });
  });
});

describeOnStores("a monitor", (open) => {
  it("that refuses different jobs is backed off, and after the first they are not charged", async () => {
    const served = await openQueue(open);
    await served.showFleet({ m0: 3 });
    const tickets = [await served.enqueue("a"), await served.enqueue("b"), await served.enqueue("c")];
    const [a, b, c] = tickets;
    if (a === undefined || b === undefined || c === undefined) throw new Error("there are three");
    for (const ticket of [a, b]) {
      served.clock.now += 10;
      await served.refuse(ticket, await served.claim(ticket), "not_reserved");
      served.clock.now += 10;
      await served.showFleet({ m0: 3 });
    }
    expect(await served.inspect("b")).toMatchObject({ job: { state: "queued", refusals: 0 } });
    served.clock.now += 10;
    expect(await served.poll(c)).toMatchObject({ kind: "wait", reason: "monitor_refuses" });
    // the other monitor goes on, and the line goes on there in order
    await served.showFleet({ m0: 3, m1: 1 });
    served.clock.now += 10;
    expect((await served.claim(a)).claim?.legs.map(({ monitor }) => monitor)).toEqual(["m1"]);
  });
});

describeOnStores("an outage in which every monitor refuses everybody", (open) => {
  it("spends nobody, not even the first who met it; and after a success elsewhere a job that is bad ends as failed", async () => {
    const served = await openQueue(open);
    await served.showFleet(five);
    // what tells an outage from a bad job is that others are refused, too
    const first = await served.enqueue("first");
    const bad = await served.enqueue("bad");
    const tickets = [first, bad, await served.enqueue("b"), await served.enqueue("c")];
    await refuseAll(served, first, "not_reserved");
    for (let second = 0; second < 120; second++) {
      await served.serve(1000);
      await served.showFleet(five);
      for (const ticket of tickets) await refuseAll(served, ticket, "not_reserved");
    }
    for (const { uniqueId, place } of tickets) {
      expect(await served.inspect(uniqueId)).toMatchObject({ job: { state: "queued", place } });
    }
    expect(served.abandoned).toEqual([]);
    // from now on the monitors are well, others come and are served, and only the bad one is
    // refused
    const waiting = new Map(tickets.map((ticket) => [ticket.uniqueId, ticket]));
    const ends: string[] = [];
    for (let second = 0; second < 600 && waiting.has("bad"); second++) {
      await served.serve(1000);
      await served.showFleet(five);
      if (second % 5 === 0) waiting.set(`good-${second}`, await served.enqueue(`good-${second}`));
      for (const ticket of [...waiting.values()]) {
        served.clock.now += 10;
        const reply = await served.poll(ticket);
        if (reply.kind === "claimed" && ticket === bad) await served.refuse(ticket, reply.job, "not_reserved");
        else if (reply.kind === "claimed") {
          const monitor = reply.job.claim?.legs[0]?.monitor ?? "";
          await served.settle(ticket, reply.job, [takenAt(monitor, ticket.uniqueId)]);
        }
        if (reply.kind === "wait" || (reply.kind === "claimed" && ticket === bad)) continue;
        waiting.delete(ticket.uniqueId);
        ends.push(`${ticket.uniqueId} ${reply.kind}`);
      }
    }
    expect(ends).toEqual(expect.arrayContaining(["first claimed", "b claimed", "c claimed", "bad failed"]));
    expect(ends.filter((end) => !end.endsWith("claimed"))).toEqual(["bad failed"]);
  });
});

describeOnStores("instances whose MONITORS differ", (open) => {
  it("never claim where they cannot send: no refusal, and the instance that knows the monitor serves the job", async () => {
    const served = await openQueue(open);
    const narrow = served.addInstance({ canReach: (monitor) => monitor !== "m1" });
    const ticket = await served.enqueueOn({ m1: 1 }, "job");
    for (let time = 0; time < 8; time++) {
      served.clock.now += 100;
      const reply = await served.poll(ticket, narrow);
      expect(reply).toMatchObject({ kind: "wait", reason: "monitors_busy", unknownMonitors: ["m1"] });
    }
    expect(await served.inspect("job")).toMatchObject({ job: { state: "queued", refusals: 0, attempts: 0 } });
    const claimed = await served.claim(ticket);
    expect(claimed.claim?.legs.map(({ monitor }) => monitor)).toEqual(["m1"]);
  });

  it("use what they both know: a job is served at the monitor in common by either", async () => {
    const served = await openQueue(open);
    const narrow = served.addInstance({ canReach: (monitor) => monitor !== "m1" });
    const ticket = await served.enqueueOn({ m0: 1, m1: 3 }, "job");
    const reply = await served.poll(ticket, narrow);
    expect(reply).toMatchObject({ kind: "claimed", job: { claim: { legs: [{ monitor: "m0" }] } } });
  });

  it("leave a claim whose owner died to one that can look at its monitor", async () => {
    const served = await openQueue(open);
    const narrow = served.addInstance({ canReach: (monitor) => monitor !== "m1" });
    const ticket = await served.enqueueOn({ m1: 1 }, "job");
    await served.claim(ticket);
    for (let second = 0; second < 7; second++) {
      served.clock.now += 1000;
      await narrow.renewMark();
    }
    expect((await narrow.sweep("linux")).lapsed).toEqual([]);
    await served.queue.renewMark();
    expect((await served.queue.sweep("linux")).lapsed.map(({ uniqueId }) => uniqueId)).toEqual(["job"]);
  });
});
