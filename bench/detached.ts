// Question: what do a hundred thousand detached jobs cost while nothing happens to them? On Redis,
// with GitHub's API asked about those at the front: the share of a core that service and Redis
// take, questions to GitHub a minute, Redis's memory, and what a look at the page and at one job
// takes. `node bench/detached.ts 1000000` for more.
import { setTimeout as delay } from "node:timers/promises";
import { startSimulatedGithub } from "../scripts/simulated-github/github.ts";
import { sweepOperation } from "../src/queue/operations/sweep.ts";
import { apiToken } from "../test/support/service.ts";
import { mapInFlight, profileKey, startFullHouse } from "./support/full-house.ts";
import { loadUsedMemory } from "./support/redis-figures.ts";
import { atMost, type BenchOptions, median, type Report, runBench } from "./support/report.ts";
import { cpuMs } from "./support/rounds.ts";

const jobsPerRun = 100;
const runsPerRepository = 10;
const looks = 21;
const token = "github-token-of-the-bench";

await runBench(60, async ({ seconds, given: [count = "100000"] }: BenchOptions): Promise<Report> => {
  const jobs = Number(count);
  const github = await startSimulatedGithub({ token });
  await using house = await startFullHouse({
    GITHUB_WEBHOOK_SECRETS: "a-secret-of-the-bench",
    GITHUB_API_URL: github.url,
    GITHUB_TOKEN: token,
    MAX_QUEUE_DEPTH: "0",
  });
  const { queue, service, redis, redisPid } = house;
  const before = await loadUsedMemory(redis.client);
  await mapInFlight(jobs, async (at) => {
    const run = Math.floor(at / jobsPerRun);
    const outcome = await queue.hear({
      uniqueId: `${19_000_000_000 + run}-1-${at}`,
      profileKey,
      qualifiedRepo: `servo/repository-${Math.floor(run / runsPerRepository)}`,
      runId: String(19_000_000_000 + run),
      job: { id: at + 1, attempt: 1, state: "queued" },
      createdAt: Date.now(),
    });
    if (outcome !== "enqueued") throw new Error(`hear: ${outcome}`);
  });
  const after = await loadUsedMemory(redis.client);
  await delay(15_000);
  const pids = [service.pid, redisPid];
  const cpuBefore = pids.map(cpuMs);
  const askedBefore = github.requests.length;
  await delay(seconds * 1000);
  const shares = pids.map((pid, at) => (cpuMs(pid) - (cpuBefore[at] ?? 0)) / (seconds * 1000));
  const asked = ((github.requests.length - askedBefore) * 60) / seconds;
  const sweepMs = await timeOf(async () => void (await queue.runner.run(sweepOperation(profileKey))));
  const look = (path: string) => async () => {
    const reply = await fetch(service.url + path, { headers: { authorization: `Bearer ${apiToken}` } });
    if (reply.status !== 200) throw new Error(`${path}: ${reply.status}`);
    await reply.arrayBuffer();
  };
  const dashboardMs = await timeOf(look("/dashboard.json"));
  const pageMs = await timeOf(look("/"));
  const jobMs = await timeOf(
    look(`/jobs/${19_000_000_000 + Math.floor(jobs / 2 / jobsPerRun)}-1-${Math.floor(jobs / 2)}`),
  );
  await github.close();
  const [serviceShare = Number.NaN, redisShare = Number.NaN] = shares;
  return {
    question: `${jobs} detached jobs in line on Redis, and nothing happens`,
    figures: {
      "share of a core, service": serviceShare,
      "share of a core, Redis": redisShare,
      "questions to GitHub a minute": asked,
      "Redis's bytes a job": (after - before) / jobs,
      "one sweep, ms": sweepMs,
      "/dashboard.json, ms": dashboardMs,
      "/, ms": pageMs,
      "GET /jobs/<one in the middle>, ms": jobMs,
    },
    goals: [
      atMost("share of a core, service", serviceShare, 0.1),
      atMost("share of a core, Redis", redisShare, 0.05),
      atMost("one sweep, ms", sweepMs, 20),
    ],
  };
});

/** The median of several, ms. */
async function timeOf(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < looks; n++) {
    const begun = performance.now();
    await work();
    times.push(performance.now() - begun);
  }
  return median(times);
}
