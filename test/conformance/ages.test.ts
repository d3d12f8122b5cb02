// What a fault rig found: requests that come twice are one, a fleet that was not heard refuses
// nobody for good, and a runner is never given, nor the next one reserved, by a wrong idea of its
// age.
import { expect, it } from "vitest";
import { decideByEvidence, type Evidence, planEvidence } from "../../src/queue/job/evidence.ts";
import { describeOnStores, openQueue, profileKey, runnerOf, type ServedQueue, takenAt } from "../support/hand-clock.ts";

async function liveJob(served: ServedQueue, uniqueId: string) {
  const found = await served.inspect(uniqueId);
  if (found.kind !== "job") throw new Error(`${uniqueId} is ${found.kind}`);
  return found.job;
}

describeOnStores("an enqueue", (open) => {
  it("that is repeated after 29 s is presence: its job is not abandoned a second later, before its first poll", async () => {
    const served = await openQueue(open);
    await served.showFleet({ m0: 0 });
    const other = await served.enqueue("other", { runId: "2" });
    const ticket = await served.enqueue("job");
    await served.serve(29_000, [other]);
    expect(await served.enqueue("job")).toEqual(ticket);
    await served.serve(25_000, [other]);
    expect(served.abandoned).toEqual([]);
    expect((await served.poll(ticket)).kind).toBe("wait");
    await served.serve(45_000, [other]);
    expect(served.abandoned).toEqual(["job"]);
  });

  it("is refused for good only once every monitor was heard since the store knows anything", async () => {
    const served = await openQueue(open);
    const askIn = async (profile: string, runnerCount: number, isFleetKnown: boolean) =>
      (await served.queue.enqueue(served.requestOf("job", { profileKey: profile, runnerCount }), isFleetKnown)).kind;
    await served.showFleet({ m0: 0 }, 2);
    expect(await askIn(profileKey, 3, false)).toBe("fleet_unknown");
    expect(await askIn(profileKey, 3, true)).toBe("unsatisfiable");
    expect(await askIn("nobody-keeps-it", 1, false)).toBe("fleet_unknown");
    expect(await askIn("nobody-keeps-it", 1, true)).toBe("unsatisfiable");
  });

  it("finds every monitor unheard after the store lost its memory, until each gave a dashboard anew", async () => {
    const served = await openQueue(open);
    const monitors = ["m0", "m1"];
    expect(await served.queue.silentMonitors(monitors)).toEqual(monitors);
    await served.showFleet({ m0: 0 });
    expect(await served.queue.silentMonitors(monitors)).toEqual(["m1"]);
    await served.showFleet({ m1: 0 });
    expect(await served.queue.silentMonitors(monitors)).toEqual([]);
    await served.lose();
    expect(await served.queue.silentMonitors(monitors)).toEqual(monitors);
    await served.showFleet({ m0: 0, m1: 0 });
    expect(await served.queue.silentMonitors(monitors)).toEqual([]);
  });

  it("that arrives twice around a loss leaves both tickets standing, and the older place counts", async () => {
    const served = await openQueue(open);
    await served.showFleet({ m0: 0 });
    const first = await served.enqueue("job");
    served.clock.now += 10;
    const between = await served.enqueue("between");
    await served.lose();
    await served.showFleet({ m0: 0 });
    const second = await served.enqueue("job");
    expect(second.place).toBeGreaterThan(between.place);
    // the newer ticket before the older one, and again after it
    expect((await served.poll(second)).kind).toBe("wait");
    expect((await served.poll(between)).kind).toMatch(/^(wait|suspect)$/);
    expect((await served.poll(first)).kind).toMatch(/^(wait|suspect)$/);
    expect((await liveJob(served, "job")).place).toBe(first.place);
    expect((await served.poll(second)).kind).toMatch(/^(wait|suspect)$/);
    expect((await liveJob(served, "job")).place).toBe(first.place);
  });
});

describeOnStores("a reservation", (open) => {
  it("that evidence finds after a loss is as old as the ticket's place, and is let go where that is too old to be given", async () => {
    const served = await openQueue(open);
    await served.showFleet({ m0: 1 });
    const ticket = await served.enqueue("job");
    served.clock.now += 10;
    await served.claim(ticket);
    await served.lose();
    await served.showFleet({ m0: 0 });
    const lostAt = served.clock.now;
    await served.serve(4000, [ticket]);
    const suspect = await served.poll(ticket);
    if (suspect.kind !== "suspect") throw new Error(suspect.kind);
    const needs = planEvidence(suspect.job, ["m0"], suspect.lostAt, served.clock.now, served.settings);
    expect(needs.map(({ since }) => since)).toEqual([Math.floor(ticket.place / 1000)]);
    expect(suspect.lostAt).toBe(lostAt);
    const runner = runnerOf("m0", "r1");
    const seen = new Map<string, Evidence>([["m0", { kind: "seen", runners: [runner], ambiguous: [] }]]);
    const settlement = decideByEvidence(suspect.job, needs, seen, suspect.lostAt);
    if (settlement === null) throw new Error("all was looked at");
    expect((await served.queue.settle(ticket, settlement)).reply.kind).toBe("taken");
    expect((await liveJob(served, "job")).answerUntil).toBe(
      Math.floor(ticket.place / 1000) + served.settings.answerTtlMs,
    );
    served.clock.now = Math.floor(ticket.place / 1000) + served.settings.answerTtlMs;
    await served.sweep();
    expect((await served.poll(ticket)).kind).toBe("answer_expired");
  });

  it("that a late settle brings, after its claim was forgotten, is as old as that claim", async () => {
    const served = await openQueue(open);
    await served.showFleet({ m0: 1 });
    const ticket = await served.enqueue("job");
    served.clock.now += 10;
    const job = await served.claim(ticket);
    const claimedAt = served.clock.now;
    await served.lose();
    await served.showFleet({ m0: 0 });
    await served.serve(20_000, [ticket]);
    const { reply } = await served.settle(ticket, job, [takenAt("m0", "r1")]);
    expect(reply.kind).toBe("taken");
    expect((await liveJob(served, "job")).answerUntil).toBe(claimedAt + served.settings.answerTtlMs);
  });

  it("that was let go as too old keeps its job aside until its monitor has destroyed it: only then is the next reserved", async () => {
    const served = await openQueue(open);
    await served.showFleet({ m0: 1 });
    const ticket = await served.enqueue("job");
    served.clock.now += 10;
    const job = await served.claim(ticket);
    const claimedAt = served.clock.now;
    await served.serve(46_000, [ticket]);
    const { leaked, reply } = await served.settle(ticket, job, [takenAt("m0", "r1")]);
    expect([reply.kind, leaked]).toEqual(["queued", ["m0/r1"]]);
    let nextAt = 0;
    for (let second = 0; second < 120 && nextAt === 0; second++) {
      await served.serve(1000);
      await served.showFleet({ m0: 1, m1: 1 });
      served.clock.now += 1;
      const polled = await served.poll(ticket);
      if (polled.kind === "claimed") nextAt = served.clock.now;
      else expect(polled).toMatchObject({ kind: "wait", reason: "reconciling" });
    }
    expect(nextAt - claimedAt).toBeGreaterThanOrEqual(60_000);
    expect(nextAt - claimedAt).toBeLessThanOrEqual(60_000 + served.settings.monitorSettleMs + 5000);
  });

  for (const [words, jumpMs] of [
    ["forward by 90 s", 90_000],
    ["forward by an hour", 3_600_000],
    ["back by 90 s", -90_000],
    ["back by an hour", -3_600_000],
  ] as const) {
    it(`whose leg is open while the clock is set ${words} is given to nobody, and no other is made while it may live`, async () => {
      const served = await openQueue(open);
      await served.showFleet({ m0: 1 });
      const ticket = await served.enqueue("job");
      served.clock.now += 10;
      const job = await served.claim(ticket);
      served.setClock(jumpMs);
      const setAt = served.clock.now;
      await served.serve(1000, [ticket]);
      const { leaked, reply } = await served.settle(ticket, job, [takenAt("m0", "r1")]);
      expect([reply.kind, leaked]).toEqual(["queued", ["m0/r1"]]);
      let nextAt = 0;
      for (let second = 0; second < 120 && nextAt === 0; second++) {
        await served.serve(1000);
        await served.showFleet({ m0: 1, m1: 1 });
        served.clock.now += 1;
        if ((await served.poll(ticket)).kind === "claimed") nextAt = served.clock.now;
      }
      expect(nextAt - setAt).toBeGreaterThanOrEqual(60_000);
      expect(nextAt - setAt).toBeLessThanOrEqual(65_000);
    });
  }
});
