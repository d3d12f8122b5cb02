// What follows from GitHub's word, on both stores: re-runs come in line again, detached jobs come and leave, each once,
// whatever the order of the news.
import fc from "fast-check";
import { expect, it } from "vitest";
import type { GithubNews } from "../../src/dispatch/github-listener.ts";
import { type GithubState, githubStates } from "../../src/queue/job/github-word.ts";
import type { Ticket } from "../../src/queue/job/job.ts";
import { describeOnStores, openQueue, profileKey, type ServedQueue, takenAt } from "../support/hand-clock.ts";

const label = (
  served: ServedQueue,
  uniqueId: string,
  id: number,
  state: GithubState,
  more: Partial<GithubNews> & { attempt?: number } = {},
) => {
  const { attempt = 1, ...rest } = more;
  return served.queue.hear({
    uniqueId,
    profileKey: null,
    qualifiedRepo: "o/r",
    runId: "1",
    job: { id, attempt, state },
    createdAt: served.clock.now,
    ...rest,
  });
};
const byLabel = { profileKey };

async function jobOf(served: ServedQueue, uniqueId: string) {
  const reply = await served.inspect(uniqueId);
  if (reply.kind !== "job") throw new Error(`${uniqueId} is ${reply.kind}`);
  return reply.job;
}

/** A job that was enqueued, polled for and taken: runners `names` of ci0. */
async function takeJob(served: ServedQueue, uniqueId: string, ...names: string[]): Promise<Ticket> {
  await served.showFleet({ ci0: names.length });
  const ticket = await served.enqueue(uniqueId, { runnerCount: names.length });
  served.clock.now += 10;
  await served.settle(ticket, await served.claim(ticket), [takenAt("ci0", ...names)]);
  served.clock.now += 10;
  return ticket;
}

/** Everybody who is present is served, as whoever attends would: names who got runners, in order. */
async function attend(served: ServedQueue, idle: number): Promise<string[]> {
  const got: string[] = [];
  for (let left = idle; ; left -= 1) {
    served.clock.now += 10;
    await served.showFleet({ ci0: left });
    served.clock.now += 10;
    await served.queue.renewMark();
    const { toAttend } = await served.queue.sweep(profileKey);
    const { polls } = await served.queue.attend(profileKey, toAttend);
    const [ticket] = polls;
    if (ticket === undefined) return got;
    const job = await served.claim(ticket);
    const ids = Array.from({ length: job.runnerCount }, (_, i) => `${job.uniqueId}-${job.generation ?? 1}-${i}`);
    await served.settle(ticket, job, [takenAt("ci0", ...ids)]);
    got.push(`${job.uniqueId}#${job.generation ?? 1}x${job.runnerCount}`);
  }
}

describeOnStores("a re-run", (open) => {
  it("brings the job in line again, once, behind everybody, and the first ticket is answered with its runner", async () => {
    const served = await openQueue(open);
    const first = await takeJob(served, "a", "old");
    await served.showFleet({ ci0: 0 });
    const other = await served.enqueue("other");
    expect(await label(served, "a", 7, "completed")).toBe("recorded");
    expect(await label(served, "a", 9, "queued", { attempt: 2 })).toBe("rerun");
    served.clock.now += 19;
    expect(await label(served, "a", 9, "queued", { attempt: 2 })).toBe("repeated");
    expect(await jobOf(served, "a")).toMatchObject({ state: "queued", generation: 2, isPresent: true });
    expect(await served.poll(first)).toMatchObject({ kind: "wait", position: 2 });
    served.clock.now += 10;
    await served.showFleet({ ci0: 2 });
    served.clock.now += 10;
    await served.settle(other, await served.claim(other), [takenAt("ci0", "1")]);
    expect(await attend(served, 1)).toEqual(["a#2x1"]);
    expect(await served.poll(first)).toEqual({ kind: "taken", answer: '{"id":"a-2-0"}' });
  });

  it("is told from the sibling jobs that GitHub completes beside it", async () => {
    const served = await openQueue(open);
    await takeJob(served, "a", "old");
    const siblings = [11, 12, 13, 14, 15];
    for (const id of siblings) expect(await label(served, "a", id, "completed", { attempt: 2 })).toBe("recorded");
    expect(await label(served, "a", 9, "queued", { attempt: 2 })).toBe("rerun");
    expect(await attend(served, 6)).toEqual(["a#2x1"]);
  });

  it("gets a gang one runner for each of its jobs that GitHub queues again, also for one that comes after the others were served", async () => {
    const served = await openQueue(open);
    await takeJob(served, "gang", "x", "y", "z");
    await label(served, "gang", 21, "queued", { attempt: 2 });
    await label(served, "gang", 22, "queued", { attempt: 2 });
    expect(await attend(served, 4)).toEqual(["gang#2x2"]);
    expect(await label(served, "gang", 23, "queued", { attempt: 2 })).toBe("rerun");
    for (const id of [21, 22]) expect(await label(served, "gang", id, "queued", { attempt: 2 })).toBe("repeated");
    expect(await attend(served, 4)).toEqual(["gang#3x1"]);
  });

  it("that completed before its queued event came, or whose queued event was lost, reserves nothing", async () => {
    const served = await openQueue(open);
    await takeJob(served, "a", "old");
    await label(served, "a", 9, "completed", { attempt: 2 });
    expect(await label(served, "a", 9, "queued", { attempt: 2 })).toBe("repeated");
    await takeJob(served, "b", "old");
    await label(served, "b", 19, "in_progress", { attempt: 2 });
    expect(await attend(served, 4)).toEqual([]);
  });

  it("is none where the attempt was heard of before the reservation", async () => {
    const served = await openQueue(open);
    await served.showFleet({ ci0: 1 });
    const ticket = await served.enqueue("a");
    await label(served, "a", 9, "queued", { attempt: 2 });
    served.clock.now += 10;
    await served.settle(ticket, await served.claim(ticket), [takenAt("ci0", "1")]);
    expect(await label(served, "a", 10, "queued", { attempt: 2 })).toBe("recorded");
    expect(await attend(served, 4)).toEqual([]);
  });

  it("of another run, or another repository, moves nothing", async () => {
    const served = await openQueue(open);
    await takeJob(served, "a", "old");
    for (const more of [{ runId: "2" }, { qualifiedRepo: "evil/r" }]) {
      expect(await label(served, "a", 9, "queued", { ...byLabel, ...more, attempt: 9 })).toBe("other_run");
    }
    expect((await jobOf(served, "a")).word).toBeUndefined();
  });

  it("waits until a monitor that may still be at work for the job has been looked at", async () => {
    const served = await openQueue(open);
    await takeJob(served, "a", "old");
    await label(served, "a", 9, "queued", { attempt: 2 });
    await served.showFleet({ ci0: 1 });
    served.clock.now += 10;
    const { polls } = await served.queue.attend(profileKey, ["a"]);
    const ticket = polls[0] as Ticket;
    const claimed = await served.claim(ticket);
    expect(await label(served, "a", 9, "completed", { attempt: 2 })).toBe("ended");
    expect(await label(served, "a", 31, "queued", { attempt: 3 })).toBe("recorded");
    expect((await jobOf(served, "a")).state).toBe("cancelled");
    await served.refuse(ticket, claimed, "not_reserved");
    await served.queue.renewMark();
    const { toHear } = await served.queue.sweep(profileKey);
    expect(toHear.map(({ uniqueId }) => uniqueId)).toEqual(["a"]);
    for (const job of toHear) await served.queue.hearAgain(job);
    served.clock.now += 2_000;
    expect(await attend(served, 2)).toEqual(["a#3x1"]);
  });

  it("does not take the runner of before for its own, nor late news of it", async () => {
    const served = await openQueue(open);
    const first = await takeJob(served, "a", "old");
    const { claim } = await jobOf(served, "a");
    await label(served, "a", 9, "queued", { attempt: 2 });
    const late = { claimId: claim?.id ?? "", claimedAt: claim?.at ?? 0, found: [], clearedFor: null };
    const settled = await served.queue.settle(first, { ...late, legs: [takenAt("ci0", "old", "older")] });
    expect(settled.reply.kind).toBe("lost");
    expect(await jobOf(served, "a")).toMatchObject({ state: "queued", generation: 2 });
  });
});

describeOnStores("a job that GitHub's label alone enqueues", (open) => {
  it("is served in its turn among those that are polled for, and nobody polls for it", async () => {
    const served = await openQueue(open);
    await served.showFleet({ ci0: 0 });
    const before = await served.enqueue("before");
    served.clock.now += 10;
    expect(await label(served, "Label-1", 7, "queued", byLabel)).toBe("enqueued");
    served.clock.now += 10;
    const behind = await served.enqueue("behind");
    served.clock.now += 10;
    await served.showFleet({ ci0: 2 });
    served.clock.now += 10;
    expect(await served.poll(behind)).toMatchObject({ kind: "wait", position: 3 });
    await served.settle(before, await served.claim(before), [takenAt("ci0", "1")]);
    expect(await attend(served, 1)).toEqual(["Label-1#1x1"]);
    expect(await jobOf(served, "Label-1")).toMatchObject({ state: "taken", qualifiedRepo: "o/r", runId: "1" });
  });

  it("stays as long as GitHub says that it waits, and leaves at once when it does not", async () => {
    const served = await openQueue(open);
    await served.showFleet({ ci0: 0 });
    await label(served, "x", 7, "queued", byLabel);
    await served.serve(600_000);
    expect(await jobOf(served, "x")).toMatchObject({ state: "queued", isPresent: true });
    expect(served.abandoned).toEqual([]);
    expect(await label(served, "X", 7, "completed"), "in another case").toBe("ended");
    expect((await jobOf(served, "x")).state).toBe("cancelled");
    expect(await label(served, "x", 7, "queued", byLabel), "once more, late").toBe("repeated");
    expect(await attend(served, 1)).toEqual([]);
  });

  it("that was over before its queued event came is never served", async () => {
    const served = await openQueue(open);
    await served.showFleet({ ci0: 1 });
    expect(await label(served, "x", 7, "completed", byLabel)).toBe("recorded");
    expect(await label(served, "x", 7, "queued", byLabel)).toBe("repeated");
    expect(await attend(served, 1)).toEqual([]);
  });

  it("is claimed by exactly one of the instances that notice it", async () => {
    const served = await openQueue(open);
    await served.showFleet({ ci0: 0 });
    await label(served, "x", 7, "queued", byLabel);
    served.clock.now += 10;
    await served.showFleet({ ci0: 3 });
    served.clock.now += 10;
    await served.queue.renewMark();
    const { polls } = await served.queue.attend(profileKey, ["x"]);
    const others = [0, 1, 2].map(() => served.addInstance({}));
    for (const other of others) await other.renewMark();
    const replies = await Promise.all(others.map((other) => served.poll(polls[0] as Ticket, other)));
    expect(replies.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
  });

  it("leaves after DETACHED_MAX_WAIT, whatever GitHub says", async () => {
    const served = await openQueue(open);
    await served.showFleet({ ci0: 0 });
    await label(served, "x", 7, "queued", byLabel);
    served.clock.now += served.settings.detachedMaxWaitMs;
    await served.sweep();
    const { toAttend } = await served.queue.sweep(profileKey);
    const { ended } = await served.queue.attend(profileKey, toAttend);
    expect(ended.map(({ uniqueId }) => uniqueId)).toEqual(["x"]);
    expect(await label(served, "x", 7, "queued", { ...byLabel, createdAt: 0 })).toBe("repeated");
  });

  it("is not brought back by what GitHub said last week, nor where no label says the profile", async () => {
    const served = await openQueue(open);
    await served.showFleet({ ci0: 1 });
    const lastWeek = served.clock.now - 7 * 86_400_000;
    expect(await label(served, "x", 7, "queued", { ...byLabel, createdAt: lastWeek })).toBe("too_old");
    expect(await label(served, "x", 7, "queued")).toBe("unknown_job");
    expect(await label(served, "x", 7, "queued", { profileKey: "nobody-has-it" })).toBe("unknown_profile");
    expect(await served.inspect("x")).toMatchObject({ kind: "unknown" });
  });

  it("is looked for at the monitors after a failover of the store, though nobody polls for it", async ({ skip }) => {
    const served = await openQueue(open);
    await served.showFleet({ ci0: 0 });
    await label(served, "x", 7, "queued", byLabel);
    served.clock.now += 1000;
    const { epoch } = await served.queue.store.load(loadNothing);
    await served.queue.store.beginEpoch(profileKey, epoch);
    if ((await served.queue.store.load(loadNothing)).epoch === epoch) skip("this store has nothing to fail over to");
    await served.queue.renewMark();
    const { toAttend } = await served.queue.sweep(profileKey);
    expect(toAttend).toEqual(["x"]);
    const { polls } = await served.queue.attend(profileKey, toAttend);
    expect(await served.poll(polls[0] as Ticket)).toMatchObject({ kind: "suspect" });
  });

  it("ends in the same state whatever the order of GitHub's news", { timeout: 120_000 }, async () => {
    const entry = fc.record({
      id: fc.integer({ min: 1, max: 4 }),
      attempt: fc.constant(1),
      state: fc.constantFrom(...githubStates),
    });
    const orders = fc
      .array(entry, { minLength: 1, maxLength: 8 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })));
    await fc.assert(
      fc.asyncProperty(orders, async ([all, again]) => {
        const served = await openQueue(open);
        await served.showFleet({ ci0: 0 }, 10);
        for (const { id, state } of all) await label(served, "one", id, state, byLabel);
        for (const { id, state } of again) await label(served, "two", id, state, byLabel);
        const [one, two] = [await jobOf(served, "one"), await jobOf(served, "two")];
        const shown = ({ state, runnerCount, word = [], generation = 1 }: typeof one) => ({
          state,
          runnerCount: state === "queued" ? runnerCount : 0,
          generation,
          word: word.map(({ id, state: at }) => `${id} ${at}`),
        });
        expect(shown(two)).toEqual(shown(one));
      }),
      { numRuns: 30 },
    );
  });
});

const loadNothing = {
  profileKey,
  jobs: [],
  front: 0,
  due: 0,
  maxDueAheadMs: 0,
  listed: 0,
  absent: 0,
  places: 0,
  sizes: false,
  figures: false,
  flows: false,
  held: { epoch: "", version: 0 },
} as const;
