// Question: a day of 10,000 jobs, how fast does the service say why one of them waited, and what
// does remembering it cost? The day goes by on a clock of its own, by the product's operations on
// Redis; then a service on the same Redis is asked over HTTP. Shipped, an end without runners is
// remembered for TOMBSTONE_TTL, an hour; here for longer than the day.
import { startSimulatedMonitor } from "../scripts/simulated-fleet/monitor.ts";
import { queueSettingsOf } from "../src/config/queue-settings.ts";
import { parseConfig } from "../src/config.ts";
import type { Ticket } from "../src/queue/job/job.ts";
import { hourOf } from "../src/queue/stats/count.ts";
import { createRedisStore } from "../src/store/redis/redis-store.ts";
import { createQueueOver } from "../test/support/queue-over.ts";
import { startRedis } from "../test/support/redis-server.ts";
import { apiToken, monitorToken, startService } from "../test/support/service.ts";
import { sample } from "./support/full-house.ts";
import { loadUsedMemory } from "./support/redis-figures.ts";
import { atMost, type BenchOptions, median, type Report, round, runBench } from "./support/report.ts";

const profileKey = "linux";
const jobsOfDay = 10_000;
const jobsPerBatch = 10;
const repositories = 20;
const dayMs = 86_400_000;
const env = { TOMBSTONE_TTL: "25h", TICKET_MAX_AGE: "25h" };

await runBench(10, measure);

async function measure({ seconds }: BenchOptions): Promise<Report> {
  await using redis = await startRedis();
  const parsed = parseConfig({ MONITORS: "ci0=http://127.0.0.1:1", API_TOKENS: apiToken, ...env });
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("; "));
  const settings = queueSettingsOf(parsed.config);
  const clock = { now: Date.now() - dayMs };
  const store = createRedisStore(
    redis.url,
    "rq",
    settings,
    () => {},
    () => clock.now,
  );
  const queue = createQueueOver(store, settings, "bench", false);
  const emptyBytes = await loadUsedMemory(redis.client);
  const ids = await liveOneDay(queue, clock);
  const rememberedBytes = (await loadUsedMemory(redis.client)) - emptyBytes;
  const bytes = await Promise.all(ids.map(async (uniqueId) => await bytesOfWhy(queue, uniqueId)));
  const counters = await bytesOfCounters(redis.client);
  await store.close();

  const monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { [profileKey]: 1 } });
  const service = await startService({ monitors: [monitor], env, redisUrl: redis.url });
  const answers: number[] = [];
  const until = performance.now() + seconds * 1000;
  const asked = sample(ids, 2_000);
  while (performance.now() < until) {
    for (const uniqueId of asked) {
      const begun = performance.now();
      const headers = { authorization: `Bearer ${apiToken}` };
      const reply = await fetch(`${service.url}/jobs/${uniqueId}/explain`, { headers });
      const { says } = (await reply.json()) as { says: string };
      answers.push(performance.now() - begun);
      if (reply.status !== 200 || !says.includes("waited")) throw new Error(`${reply.status} ${says}`);
      if (performance.now() > until) break;
    }
  }
  await service.kill9();
  await monitor.close();
  const sorted = answers.toSorted((a, b) => a - b);
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  const mean = bytes.reduce((sum, one) => sum + one, 0) / bytes.length;
  return {
    question: `Why each of ${jobsOfDay} jobs of a day waited, on Redis: asked over HTTP, one after the other`,
    figures: {
      "asked, times": answers.length,
      "median answer, ms": median(answers),
      "99th percentile, ms": p99,
      "slowest, ms": round(sorted.at(-1) ?? Number.NaN),
      "bytes of why per job, mean": mean,
      "bytes of why per job, largest": Math.max(...bytes),
      "bytes of Redis per job that is remembered, its booking and 2,000 entries of history included":
        rememberedBytes / jobsOfDay,
      [`counters over time of the day, ${repositories} repositories, bytes`]: counters,
    },
    goals: [atMost("99th percentile, ms", p99, 100), atMost("bytes of why per job, mean", mean, 200)],
  };
}

type Queue = ReturnType<typeof createQueueOver>;

/** Batches come in turn: nothing is free, then a drained monitor has some, then there is enough. */
async function liveOneDay(queue: Queue, clock: { now: number }): Promise<readonly string[]> {
  const everyMs = (dayMs * jobsPerBatch) / jobsOfDay;
  const begun = clock.now;
  const ids: string[] = [];
  let claims = 0;
  const show = async (idle: Readonly<Record<string, number>>) => {
    for (const [monitor, free] of Object.entries(idle)) {
      const counts = new Map([[profileKey, { idle: free, target: jobsPerBatch, healthy: jobsPerBatch }]]);
      await queue.finishPoll(monitor, clock.now, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 1000 });
    }
    await queue.renewMark();
  };
  const take = async (ticket: Ticket, at: number): Promise<boolean> => {
    const reply = await queue.poll(ticket, `claim-${claims++}`);
    if (reply.kind !== "claimed") return false;
    const { claim } = reply.job;
    const legs = (claim?.legs ?? []).map(({ monitor }) =>
      at % 7 === 0 && reply.job.attempts < 2
        ? ({ monitor, state: "refused", cause: "unreachable", words: "ECONNREFUSED" } as const)
        : ({ monitor, state: "taken", runners: [{ monitor, id: String(at), body: `{"id":${at}}` }] } as const),
    );
    const settled = { claimId: claim?.id ?? null, claimedAt: claim?.at ?? clock.now, found: [], clearedFor: null };
    return (await queue.settle(ticket, { ...settled, legs })).reply.kind === "taken";
  };
  for (let batch = 0; batch < jobsOfDay / jobsPerBatch; batch++) {
    clock.now = begun + batch * everyMs;
    await show({ ci0: 0, ci1: 0 });
    let waiting = await Promise.all(
      Array.from({ length: jobsPerBatch }, async (_, i): Promise<Ticket> => {
        const at = batch * jobsPerBatch + i;
        const uniqueId = `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`;
        const qualifiedRepo = `owner/repository-${at % repositories}`;
        const request = { uniqueId, profileKey, runnerCount: 1, qualifiedRepo, runId: String(19_000_000_000 + at) };
        const reply = await queue.enqueue(request);
        if (reply.kind !== "accepted") throw new Error(`enqueue: ${reply.kind}`);
        ids.push(uniqueId);
        return { ...request, place: reply.place };
      }),
    );
    for (let step = 0; step < 8 && waiting.length > 0; step++) {
      clock.now += 6_000;
      const word = { by: "bench", note: "", until: null };
      if (step === 2) await queue.drain("ci1", { kind: "begin", ...word });
      if (step === 4) await queue.drain("ci1", { kind: "end", ...word });
      await show(step < 2 ? { ci0: 0, ci1: 0 } : step < 4 ? { ci0: 0, ci1: jobsPerBatch } : { ci0: step, ci1: step });
      const taken = await Promise.all(waiting.map(async (ticket, i) => await take(ticket, batch * jobsPerBatch + i)));
      waiting = waiting.filter((_, i) => taken[i] !== true);
    }
    for (const { uniqueId } of waiting) await queue.cancel(profileKey, uniqueId, null);
    await queue.sweep(profileKey);
  }
  return ids;
}

async function bytesOfWhy(queue: Queue, uniqueId: string): Promise<number> {
  const found = await queue.inspect(profileKey, uniqueId);
  if (found.kind !== "job") throw new Error(`${uniqueId} is ${found.kind}`);
  const { waits, tries } = found.job;
  return JSON.stringify({ waits, tries }).length;
}

async function bytesOfCounters(client: Awaited<ReturnType<typeof startRedis>>["client"]): Promise<number> {
  const hours = Array.from({ length: 26 }, (_, i) => hourOf(Date.now()) - i);
  const sizes = await Promise.all(
    hours.map(async (hour) => Number(await client.call("MEMORY", "USAGE", `rq:2:{${profileKey}}:counts:${hour}`))),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
