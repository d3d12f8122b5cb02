// Question: how much of Redis's memory does a waiting job take? Measured after each was polled once, with ids, repository and run as
// deployed workflows have them; and where it goes, key by key.
import type { Redis } from "ioredis";
import type { Ticket } from "../src/queue/job.ts";
import type { Store } from "../src/queue/ports.ts";
import { idKey, profileKeys } from "../src/store/redis/keys.ts";
import { everybodyStays, fillLine, mapInFlight, profileKey, startFullHouse } from "./support/full-house.ts";
import { loadUsedMemory } from "./support/redis-figures.ts";
import { atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";

const jobs = 100_000;

await runBench(1, measure);

async function measure(_: BenchOptions): Promise<Report> {
  await using house = await startFullHouse(everybodyStays);
  const { client } = house.redis;
  const before = await loadUsedMemory(client);
  const line = await fillLine(house.store, jobs);
  const enqueued = await loadUsedMemory(client);
  await pollOnce(house.store, line);
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

async function pollOnce(store: Store, line: readonly Ticket[]): Promise<void> {
  await mapInFlight(line.length, async (at) => {
    const ticket = line[at] as Ticket;
    const reply = await store.poll({
      ticket,
      claimId: `bench-${at}`,
      owner: "bench",
      spread: at % 1000,
      holdMs: 0,
      holder: "",
    });
    if (reply.kind !== "wait") throw new Error(`poll: ${reply.kind}`);
  });
}

/** MEMORY USAGE counts key and value but not the slots of the key and expiry tables. */
async function loadParts(client: Redis, ticket: Ticket | undefined): Promise<Record<string, number>> {
  const uniqueId = ticket?.uniqueId ?? "";
  const [, , line = "", due = "", , job = ""] = profileKeys(profileKey, uniqueId);
  const usage = async (key: string) => (await client.memory("USAGE", key, "SAMPLES", 1000)) ?? 0;
  return {
    "of these: job's document (string), bytes": await usage(job),
    "its text alone, bytes": await client.strlen(job),
    "of these: id -> profile (string), bytes": await usage(idKey(uniqueId)),
    "of these: place in the line (sorted set), bytes": (await usage(line)) / jobs,
    "of these: due time (sorted set), bytes": (await usage(due)) / jobs,
  };
}
