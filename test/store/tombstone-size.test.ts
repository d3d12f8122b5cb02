// What a job that is over costs for as long as it is remembered: MAX_REMEMBERED_JOBS bounds how
// many there are, these tests how large each is (docs/security.md has the figures). All that is
// kept of it is counted, its id's booking and the sets that limits count by included.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Ticket } from "../../src/queue/job/job.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { start } from "../support/hand-clock.ts";
import { createQueueOver, type QueueOver } from "../support/queue-over.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { testSettings } from "../support/settings.ts";

const settings = testSettings();
const clock = { now: start };
const jobs = 1_000;
const counts = new Map([["linux", { idle: 20, target: 20, healthy: 20 }]]);
/** The largest that a monitor may answer for one runner. */
const body = JSON.stringify({ id: 1, runner: "x".repeat(16_000) });

async function openQueue(store: QueueOver["store"]): Promise<QueueOver> {
  clock.now = start;
  const queue = createQueueOver(store, settings);
  await show(queue);
  return queue;
}

async function show(queue: QueueOver): Promise<void> {
  for (const monitor of ["m0", "m1", "m2"])
    await queue.finishPoll(monitor, clock.now, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 1000 });
}

/** UUIDs, as clients send them. */
const idOf = (n: number) => `4b8d6a52-7c1e-4f6b-9a3d-${String(n).padStart(12, "0")}`;

async function enqueue(queue: QueueOver, n: number, runnerCount = 1): Promise<Ticket> {
  const request = { uniqueId: idOf(n), profileKey: "linux", runnerCount, qualifiedRepo: "some-owner/some-repository" };
  const asked = { ...request, runId: "19876543210" };
  const reply = await queue.enqueue(asked, true, undefined, false);
  if (reply.kind !== "accepted") throw new Error(reply.kind);
  return { ...asked, place: reply.place };
}

const ends = {
  "cancelled in line": async (queue: QueueOver, n: number) => {
    await enqueue(queue, n);
    await queue.cancel("linux", idOf(n), null);
  },
  "taken, with the largest answers, ANSWER_TTL ago": async (queue: QueueOver, n: number) => {
    clock.now += 10;
    await show(queue);
    const ticket = await enqueue(queue, n, 3);
    clock.now += 10;
    const reply = await queue.poll(ticket, `claim-${n}`);
    if (reply.kind !== "claimed") throw new Error(`${n}: ${reply.kind}`);
    for (const { monitor, runners } of reply.job.claim?.legs ?? []) {
      const held = Array.from({ length: runners }, (_, at) => ({ monitor, id: `runner-${n}-${at}`, body }));
      const claim = { claimId: `claim-${n}`, claimedAt: clock.now };
      const leg = { monitor, state: "taken" as const, runners: held };
      await queue.settle(ticket, { ...claim, legs: [leg], found: [], clearedFor: null });
    }
    // as its sweep comes
    if (n % 100 === 99) await sweepAnswers(queue);
  },
} as const;

async function sweepAnswers(queue: QueueOver): Promise<void> {
  clock.now += settings.answerTtlMs + 1;
  while ((await queue.sweep("linux")).isMore);
}

async function run(queue: QueueOver, end: keyof typeof ends): Promise<void> {
  for (let n = 0; n < jobs; n++) await ends[end](queue, n);
}

const bounds = { "cancelled in line": 2_000, "taken, with the largest answers, ANSWER_TTL ago": 2_500 } as const;
const timeout = 120_000;

it.skipIf(!hasRedis).each(Object.entries(bounds))(
  "a job that was %s costs Redis at most %i bytes",
  { timeout },
  async (end, bound) => {
    await using redis = await startRedis();
    const store = createRedisStore(
      redis.url,
      "rq",
      settings,
      () => {},
      () => clock.now,
    );
    await store.ping();
    const queue = await openQueue(store);
    const used = async () => Number(/used_memory:(\d+)/.exec(await redis.client.info("memory"))?.[1]);
    const before = await used();
    await run(queue, end as keyof typeof ends);
    const history = Number(await redis.client.memory("USAGE", "rq:2:{linux}:history"));
    const bytes = ((await used()) - before - history) / jobs;
    // the booking of an id that had no runners goes with it
    const bookedForMs = await redis.client.pttl(`rq:2:document:{id/${idOf(7)}}`);
    expect(bookedForMs <= settings.tombstoneTtlMs).toBe(end === "cancelled in line");
    await store.close();
    expect(bytes).toBeLessThan(bound);
  },
);

it.each(Object.entries(bounds))(
  "a job that was %s costs the embedded store at most twice %i bytes",
  { timeout },
  async (end, bound) => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const queue = await openQueue(createEmbeddedStore(settings, () => clock.now));
    const before = used();
    await run(queue, end as keyof typeof ends);
    const bytes = (used() - before) / jobs;
    expect(bytes).toBeLessThan(2 * bound);
  },
);
