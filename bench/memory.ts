// Question: how much of Redis's memory does a waiting job take? Measured after each was polled
// once, with ids, repository and run as deployed workflows have them; and where it goes, key by
// key.
import type { Redis } from "ioredis";
import type { Ticket } from "../src/queue/job/job.ts";
import { createKeys } from "../src/store/redis/keys.ts";
import type { QueueOver } from "../test/support/queue-over.ts";
import { everybodyStays, fillLine, mapInFlight, profileKey, startFullHouse } from "./support/full-house.ts";
import { loadUsedMemory } from "./support/redis-figures.ts";
import { atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";

const jobs = 100_000;

await runBench(1, measure);

async function measure(_: BenchOptions): Promise<Report> {
  await using house = await startFullHouse(everybodyStays);
  const { client } = house.redis;
  const before = await loadUsedMemory(client);
  const line = await fillLine(house.queue, jobs);
  const enqueued = await loadUsedMemory(client);
  await pollOnce(house.queue, line);
  const polled = await loadUsedMemory(client);
  const perJob = (polled - before) / jobs;
  const parts = await loadParts(client, line[jobs >> 1]);
  return {
    question: `Redis's memory per waiting job (${jobs} jobs, each polled once)`,
    figures: {
      "bytes per job, enqueued only": (enqueued - before) / jobs,
      "bytes per job": perJob,
      ...parts,
    },
    goals: [atMost("bytes per waiting job", perJob, 1024)],
  };
}

async function pollOnce(queue: QueueOver, line: readonly Ticket[]): Promise<void> {
  await mapInFlight(line.length, async (at) => {
    const ticket = line[at] as Ticket;
    const reply = await queue.poll(ticket, `bench-${at}`);
    if (reply.kind !== "wait") throw new Error(`poll: ${reply.kind}`);
  });
}

/** MEMORY USAGE counts key and value but not the slots of the key and expiry tables. */
async function loadParts(client: Redis, ticket: Ticket | undefined): Promise<Record<string, number>> {
  const uniqueId = ticket?.uniqueId ?? "";
  const keys = createKeys("rq");
  const [, line = "", , , due = "", , , jobPrefix = ""] = keys.ofProfile(profileKey);
  const job = `${jobPrefix}${uniqueId}`;
  const usage = async (key: string) => (await client.memory("USAGE", key, "SAMPLES", 1000)) ?? 0;
  return {
    "of these: job's document (string), bytes": await usage(job),
    "its text alone, bytes": await client.strlen(job),
    "of these: id -> profile (string), bytes": await usage(keys.document(`id/${uniqueId.toLowerCase()}`)),
    "of these: place in the line (sorted set), bytes": (await usage(line)) / jobs,
    "of these: due time (sorted set), bytes": (await usage(due)) / jobs,
  };
}
