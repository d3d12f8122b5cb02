// Question: what does an instance cost while nobody asks? On Redis with 10,000 profiles of one
// waiting job each, and on the embedded store with 50,000 jobs that are over: the share of a core
// that sweeping takes.
import { setTimeout as delay } from "node:timers/promises";
import { apiToken, startService } from "../test/support/service.ts";
import { openConnection, postRequest } from "./support/connection.ts";
import {
  atWork,
  everybodyStays,
  mapInFlight,
  profileKey,
  startFullHouse,
  startFullMonitor,
} from "./support/full-house.ts";
import { atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";
import { cpuMs } from "./support/rounds.ts";

const profiles = 10_000;
const tombstones = 50_000;
const clients = 50;

await runBench(30, async ({ seconds }: BenchOptions): Promise<Report> => {
  const onRedis = await measureProfiles(seconds * 500);
  const embedded = await measureTombstones(seconds * 500);
  return {
    question: `Share of a core while nobody asks: ${profiles} profiles on Redis, ${tombstones} jobs that are over on the embedded store`,
    figures: { ...onRedis, ...embedded },
    goals: [
      atMost("share of a core, many profiles, service", onRedis["many profiles: service"] ?? Number.NaN, 0.1),
      atMost(
        "share of a core, many jobs that are over",
        embedded["many jobs that are over: service"] ?? Number.NaN,
        0.02,
      ),
    ],
  };
});

async function measureProfiles(ms: number): Promise<Record<string, number>> {
  await using house = await startFullHouse(everybodyStays);
  await mapInFlight(profiles, async (at) => {
    const request = {
      uniqueId: `job-${at}`,
      profileKey: `profile-${at}`,
      runnerCount: 1,
      qualifiedRepo: "servo/servo",
    };
    const { kind } = await house.queue.enqueue({ ...request, runId: String(at + 1) }, false);
    if (kind !== "accepted" && kind !== "fleet_unknown") throw new Error(`enqueue: ${kind}`);
  });
  const shares = await watchCpu([house.service.pid, house.redisPid], ms);
  return { "many profiles: service": shares[0] ?? Number.NaN, "many profiles: Redis": shares[1] ?? Number.NaN };
}

async function measureTombstones(ms: number): Promise<Record<string, number>> {
  const monitor = await startFullMonitor();
  await using service = await startService({ monitors: [monitor], env: atWork });
  let left = tombstones;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const connection = await openConnection(service.url);
      while (left-- > 0) {
        const uniqueId = crypto.randomUUID();
        const query = `unique_id=${uniqueId}&qualified_repo=servo/servo&run_id=1`;
        const { body } = await connection.send(postRequest(`/profile/${profileKey}/enqueue?${query}`, apiToken));
        await connection.send(postRequest(`/jobs/${uniqueId}/cancel?token=${body}`));
      }
      connection.close();
    }),
  );
  const [share] = await watchCpu([service.pid], ms);
  await monitor.close();
  return { "many jobs that are over: service": share ?? Number.NaN };
}

/** The share of a core that each process used, after it had a while to settle. */
async function watchCpu(pids: readonly number[], ms: number): Promise<readonly number[]> {
  await delay(11_000);
  const before = pids.map(cpuMs);
  await delay(ms);
  return pids.map((pid, at) => (cpuMs(pid) - (before[at] ?? 0)) / ms);
}
