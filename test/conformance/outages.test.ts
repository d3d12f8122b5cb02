// Nobody loses a place by our outage: time in which nobody could be heard counts for nobody, and a
// clock that is set is no more than such a time.
import { expect, it } from "vitest";
import type { Ticket } from "../../src/queue/job/job.ts";
import { describeOnStores, openQueue, type ServedQueue } from "../support/hand-clock.ts";

const ids = ["a", "b", "c", "d"];

/** Four jobs of four runs, all of them heard just now, and no runner free. */
async function enqueueLine(served: ServedQueue): Promise<Ticket[]> {
  await served.showFleet({ m0: 0 });
  const tickets: Ticket[] = [];
  for (const [at, id] of ids.entries()) tickets.push(await served.enqueue(id, { runId: String(at + 1) }));
  for (const ticket of tickets) await served.poll(ticket);
  return tickets;
}

/** Gives out one runner after the other, to whoever is let through. */
async function serveInOrder(served: ServedQueue, tickets: readonly Ticket[]): Promise<string[]> {
  const order: string[] = [];
  for (const _ of tickets) {
    served.clock.now += 10;
    await served.showFleet({ m0: 1 });
    served.clock.now += 10;
    // the last in line asks first: who is let through is who is first
    for (const ticket of [...tickets].reverse()) {
      const reply = await served.poll(ticket);
      if (reply.kind !== "claimed") continue;
      order.push(ticket.uniqueId);
      await served.settle(ticket, reply.job, [
        { monitor: "m0", state: "taken", runners: [{ monitor: "m0", id: `${order.length}`, body: "{}" }] },
      ]);
    }
  }
  return order;
}

describeOnStores("an outage", (open) => {
  for (const [words, silentMs] of [
    ["45 s", 45_000],
    ["an hour", 3_600_000],
  ] as const) {
    it(`of ${words} in which nobody served abandons nobody and keeps the order, whoever looks first`, async () => {
      const served = await openQueue(open);
      const tickets = await enqueueLine(served);
      served.clock.now += silentMs;
      // a client before any sweep
      const [, second] = tickets;
      if (second === undefined) throw new Error("there are four");
      expect((await served.poll(second)).kind).toBe("wait");
      await served.sweep();
      for (const ticket of tickets) expect((await served.poll(ticket)).kind).toBe("wait");
      expect(await serveInOrder(served, tickets)).toEqual(ids);
      expect(served.abandoned).toEqual([]);
    });

    it(`of ${words} gives everybody ABANDON_AFTER anew, and who stays silent is abandoned after that and reported once`, async () => {
      const served = await openQueue(open);
      const tickets = await enqueueLine(served);
      served.clock.now += silentMs;
      const [first] = tickets;
      if (first === undefined) throw new Error("there are four");
      await served.serve(29_000, [first]);
      expect(served.abandoned).toEqual([]);
      await served.serve(10_000, [first]);
      expect([...served.abandoned].sort()).toEqual(["b", "c", "d"]);
      for (const ticket of tickets.slice(1)) {
        expect(await served.poll(ticket)).toEqual({ kind: "abandoned", isNew: false });
      }
      await served.serve(5000, [first]);
      expect(served.abandoned).toHaveLength(3);
    });
  }

  it("that is over before anybody looked is one all the same where the clients find it: each is reported once", async () => {
    const served = await openQueue(open);
    const tickets = await enqueueLine(served);
    served.clock.now += 45_000;
    await served.queue.renewMark();
    // served again, and yet no sweep
    for (let second = 0; second < 40; second++) {
      served.clock.now += 1000;
      await served.queue.renewMark();
      for (const ticket of tickets.slice(2)) await served.poll(ticket);
    }
    for (const ticket of tickets.slice(0, 2)) expect((await served.poll(ticket)).kind).toBe("abandoned");
    for (const ticket of tickets.slice(0, 2)) expect((await served.poll(ticket)).kind).toBe("abandoned");
    expect([...served.abandoned].sort()).toEqual(["a", "b"]);
  });

  it("right after the store lost its memory is noticed by an instance that lived through both", async () => {
    const served = await openQueue(open);
    await served.showFleet({ m0: 0 });
    const { store } = served.queue;
    // the mark is gone with all else, and a job begins before it is renewed
    const { text } = await store.readDocument("served");
    await store.swapDocument("served", text, null, null);
    const ticket = await served.enqueue("job");
    served.clock.now += 60_000;
    await served.sweep();
    expect((await served.poll(ticket)).kind).toBe("wait");
    expect(served.abandoned).toEqual([]);
  });

  it("of 8 s is none: who was silent before and after it is abandoned when ABANDON_AFTER is over", async () => {
    const served = await openQueue(open);
    const [first, second] = await enqueueLine(served);
    if (first === undefined || second === undefined) throw new Error("there are four");
    await served.serve(14_000, [first]);
    served.clock.now += 8000;
    await served.serve(7000, [first]);
    expect(served.abandoned).toEqual([]);
    await served.serve(8000, [first]);
    expect([...served.abandoned].sort()).toEqual(["b", "c", "d"]);
  });
});

describeOnStores("a clock that is set", (open) => {
  for (const [words, jumpMs] of [
    ["back by 60 s", -60_000],
    ["back by 300 s", -300_000],
    ["back by an hour", -3_600_000],
    ["forward by an hour", 3_600_000],
  ] as const) {
    it(`${words} abandons nobody, keeps the order, and runners are given out within one snapshot`, async () => {
      const served = await openQueue(open);
      const tickets = await enqueueLine(served);
      served.setClock(jumpMs);
      await served.sweep();
      expect(await serveInOrder(served, tickets)).toEqual(ids);
      expect(served.abandoned).toEqual([]);
    });

    it(`${words} gives everybody ABANDON_AFTER anew from then, and who stays silent is abandoned within two minutes`, async () => {
      const served = await openQueue(open);
      const tickets = await enqueueLine(served);
      const [first] = tickets;
      if (first === undefined) throw new Error("there are four");
      served.setClock(jumpMs);
      await served.serve(29_000, [first]);
      expect(served.abandoned).toEqual([]);
      await served.serve(90_000, [first]);
      expect([...served.abandoned].sort()).toEqual(["b", "c", "d"]);
    });

    it(`${words} puts who comes later behind those who wait`, async () => {
      const served = await openQueue(open);
      const tickets = await enqueueLine(served);
      served.setClock(jumpMs);
      await served.sweep();
      for (const ticket of tickets) await served.poll(ticket);
      const late = await served.enqueue("late");
      expect(late.place).toBeGreaterThan(Math.max(...tickets.map(({ place }) => place)));
      expect(await serveInOrder(served, [...tickets, late])).toEqual([...ids, "late"]);
    });
  }

  for (const jumpMs of [-60_000, -300_000, -3_600_000]) {
    const words = `back by ${-jumpMs / 1000} s`;

    it(`${words} makes a snapshot of the future none: nothing is claimed by it`, async () => {
      const served = await openQueue(open);
      const [first] = await enqueueLine(served);
      if (first === undefined) throw new Error("there are four");
      served.clock.now += 10;
      await served.showFleet({ m0: 2 });
      served.setClock(jumpMs);
      await served.sweep();
      expect(await served.poll(first)).toMatchObject({ kind: "wait" });
      await served.showFleet({ m0: 2 });
      served.clock.now += 10;
      expect(await served.poll(first)).toMatchObject({ kind: "claimed" });
    });

    it(`${words} leaves no monitor blocked by a refusal of the future`, async () => {
      const served = await openQueue(open);
      const [first] = await enqueueLine(served);
      if (first === undefined) throw new Error("there are four");
      served.clock.now += 10;
      await served.showFleet({ m0: 1 });
      served.clock.now += 10;
      await served.refuse(first, await served.claim(first), "rejected");
      served.setClock(jumpMs);
      await served.showFleet({ m0: 1 });
      served.clock.now += 10;
      expect(await served.poll(first)).toMatchObject({ kind: "claimed" });
    });

    it(`${words} leaves no claim with a dead owner: its lease of the future ends`, async () => {
      const served = await openQueue(open);
      const [first] = await enqueueLine(served);
      if (first === undefined) throw new Error("there are four");
      served.clock.now += 10;
      await served.showFleet({ m0: 1 });
      served.clock.now += 10;
      await served.claim(first);
      served.setClock(jumpMs);
      const other = served.addInstance({});
      await other.renewMark();
      let lapsed: string[] = [];
      for (let second = 0; second < 75 && lapsed.length === 0; second++) {
        served.clock.now += 1000;
        await other.renewMark();
        lapsed = (await other.sweep(first.profileKey)).lapsed.map(({ uniqueId }) => uniqueId);
      }
      expect(lapsed).toEqual(["a"]);
    });

    it(`${words} lets a job that stands aside until a time of the future come back in less than two minutes`, async () => {
      const served = await openQueue(open);
      const [first] = await enqueueLine(served);
      if (first === undefined) throw new Error("there are four");
      served.clock.now += 10;
      await served.showFleet({ m0: 1 });
      served.clock.now += 10;
      const job = await served.claim(first);
      // its runner is learnt of too late to be given: the next one is reserved when that one is
      // gone
      await served.serve(46_000, [first]);
      await served.settle(first, job, [
        { monitor: "m0", state: "taken", runners: [{ monitor: "m0", id: "1", body: "{}" }] },
      ]);
      served.setClock(jumpMs);
      await served.serve(100_000, [first]);
      await served.showFleet({ m0: 1 });
      served.clock.now += 10;
      expect(await served.poll(first)).toMatchObject({ kind: "claimed" });
    });
  }
});

describeOnStores("everybody of a profile falls silent within seconds", (open) => {
  it("and three runs or more are abandoned by nobody until one is heard; each has ABANDON_AFTER anew from then", async () => {
    const served = await openQueue(open);
    const tickets = await enqueueLine(served);
    const [first] = tickets;
    if (first === undefined) throw new Error("there are four");
    await served.serve(240_000);
    expect([served.abandoned, served.silences]).toEqual([[], 1]);
    expect((await served.poll(first)).kind).toBe("wait");
    await served.serve(28_000, [first]);
    expect(served.abandoned).toEqual([]);
    await served.serve(10_000, [first]);
    expect([...served.abandoned].sort()).toEqual(["b", "c", "d"]);
  });

  it("and all come back: the line is served in order", async () => {
    const served = await openQueue(open);
    const tickets = await enqueueLine(served);
    await served.serve(120_000);
    for (const ticket of [...tickets].reverse()) expect((await served.poll(ticket)).kind).toBe("wait");
    expect(await serveInOrder(served, tickets)).toEqual(ids);
    expect(served.abandoned).toEqual([]);
  });

  it("and the first who comes back does so before any sweep noticed the silence: nobody is abandoned", async () => {
    const served = await openQueue(open);
    const tickets = await enqueueLine(served);
    await served.serve(29_000);
    for (let at = 0; at < 8; at++) {
      served.clock.now += 1000;
      await served.queue.renewMark();
    }
    for (const ticket of tickets) expect((await served.poll(ticket)).kind).toBe("wait");
    expect(served.abandoned).toEqual([]);
  });

  it("and stays so for ten minutes: all are abandoned, and reported once", async () => {
    const served = await openQueue(open);
    await enqueueLine(served);
    await served.serve(620_000);
    expect(served.abandoned).toEqual([]);
    await served.serve(60_000);
    expect([...served.abandoned].sort()).toEqual(ids);
  });

  it("and that are two runs: they are abandoned after ABANDON_AFTER, as usual", async () => {
    const served = await openQueue(open);
    await served.showFleet({ m0: 0 });
    for (const [id, runId] of [
      ["a", "1"],
      ["b", "2"],
      ["c", "2"],
    ] as const) {
      await served.poll(await served.enqueue(id, { runId }));
    }
    await served.serve(40_000);
    expect([...served.abandoned].sort()).toEqual(["a", "b", "c"]);
    expect(served.silences).toBe(0);
  });
});
