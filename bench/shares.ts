// Question: does a waiting poll cost more where the line is shared? Services alike with and without a POLICY_FILE, on
// Redis and on the embedded store; the same hundred jobs of twenty repositories wait at each.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis } from "../test/support/redis-server.ts";
import { startService } from "../test/support/service.ts";
import { openConnections } from "./support/connection.ts";
import { compareCpu } from "./support/cpu.ts";
import { atWork, enqueueOverHttp, startFullMonitor } from "./support/full-house.ts";
import { atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";
import { alternate, createPolling, resultOf } from "./support/rounds.ts";

const waitingJobs = 100;
const repositories = 20;
const clients = 32;
const policy = {
  default: { weight: 1 },
  repositories: { "o/r1": { weight: 3 }, "o/r2": { weight: 2 }, "o/*": { weight: 1 } },
  classes: { merge: { weight: 10, match: { event_name: "merge_group" } } },
};

await runBench(28, measure);

async function measure({ seconds }: BenchOptions): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "shares-"));
  const file = join(folder, "policy.json");
  await writeFile(file, JSON.stringify(policy));
  const monitor = await startFullMonitor();
  await using plainRedis = await startRedis();
  await using sharedRedis = await startRedis();
  const start = async (redisUrl: string | undefined, env: Readonly<Record<string, string>>) =>
    await startService({
      monitors: [monitor],
      env: { ...atWork, ...env },
      ...(redisUrl !== undefined && { redisUrl }),
    });
  await using fifoRedis = await start(plainRedis.url, {});
  await using fairRedis = await start(sharedRedis.url, { POLICY_FILE: file });
  await using fifo = await start(undefined, {});
  await using fair = await start(undefined, { POLICY_FILE: file });
  const side = async (
    name: string,
    { url, pid }: { readonly url: string; readonly pid: number },
    redisPid?: number,
  ) => ({
    name,
    pids: redisPid === undefined ? [pid] : [pid, redisPid],
    run: createPolling(
      await openConnections(url, clients),
      await enqueueOverHttp(url, waitingJobs, (at) => `o/r${at % repositories}`),
    ),
  });
  const results = await alternate(
    [
      await side("fifo, Redis", fifoRedis, await pidOf(plainRedis)),
      await side("shared, Redis", fairRedis, await pidOf(sharedRedis)),
      await side("fifo, embedded", fifo),
      await side("shared, embedded", fair),
    ],
    seconds,
  );
  await monitor.close();
  await rm(folder, { recursive: true });
  const onRedis = compareCpu(resultOf(results, "shared, Redis"), resultOf(results, "fifo, Redis"));
  const embedded = compareCpu(resultOf(results, "shared, embedded"), resultOf(results, "fifo, embedded"));
  return {
    question: `A waiting poll in a shared line against one in plain order (${waitingJobs} jobs of ${repositories} repositories)`,
    figures: {
      "CPU of service and Redis, shared / plain, with range": onRedis.text,
      "CPU of embedded, shared / plain, with range": embedded.text,
    },
    goals: [
      atMost("CPU of service and Redis, shared / plain", onRedis.median, 1.05),
      atMost("CPU of embedded, shared / plain", embedded.median, 1.05),
    ],
  };
}

async function pidOf({ client }: Awaited<ReturnType<typeof startRedis>>): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await client.info("server"))?.[1]);
}
