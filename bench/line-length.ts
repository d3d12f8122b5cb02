// Question: does a poll cost more in a long line? Two services alike, a Redis each: 100,000 jobs
// wait at one, 100 at the other. The same number of clients polls 2,000 jobs from anywhere in the
// long line, and then 100, as many as in the short one: what only the former costs is not the
// line's length but jobs that the processor's cache no longer holds.
import type { Ticket } from "../src/queue/job/job.ts";
import { openConnections } from "./support/connection.ts";
import {
  everybodyStays,
  type FullHouse,
  fillLine,
  pollRequests,
  sample,
  startFullHouse,
} from "./support/full-house.ts";
import { loadCommandFigures } from "./support/redis-figures.ts";
import { atMost, type BenchOptions, median, type Report, runBench } from "./support/report.ts";
import { alternate, createPolling, pairedRatio, resultOf, type Side } from "./support/rounds.ts";

const longLine = 100_000;
const shortLine = 100;
const polledJobs = 2_000;
const clients = 32;

await runBench(21, measure);

async function measure({ seconds }: BenchOptions): Promise<Report> {
  await using short = await startFullHouse(everybodyStays);
  await using long = await startFullHouse(everybodyStays);
  const shortJobs = await fillLine(short.queue, shortLine);
  const longJobs = await fillLine(long.queue, longLine);
  const sides = [
    await sideOf("short", short, shortJobs),
    await sideOf("long", long, sample(longJobs, polledJobs)),
    await sideOf("long, few polled", long, sample(longJobs, shortLine)),
  ];
  const results = await alternate(sides, seconds);
  const [few, many] = [resultOf(results, "short"), resultOf(results, "long")];
  const scriptUs = new Map(sides.map(({ name, scriptUs }) => [name, median(scriptUs.slice(1))]));
  const scriptOf = (name: string) => scriptUs.get(name) ?? Number.NaN;
  const figures: Record<string, number> = {};
  for (const [name, { perSecond, cpuUs }] of results) {
    figures[`${name}: requests/s`] = perSecond;
    figures[`${name}: script in Redis, µs`] = scriptOf(name);
    figures[`${name}: Redis's CPU µs`] = cpuUs[1] ?? 0;
    figures[`${name}: service's CPU µs`] = cpuUs[0] ?? 0;
  }
  return {
    question: `A poll among ${longLine} waiting jobs (${polledJobs} of them polled, or ${shortLine}) against one among ${shortLine}`,
    figures: {
      ...figures,
      "Redis's CPU, long / short": (many.cpuUs[1] ?? 0) / (few.cpuUs[1] ?? 1),
      "script time, long with few polled / short": scriptOf("long, few polled") / scriptOf("short"),
    },
    goals: [
      atMost("time per poll, long / short", pairedRatio(few, many), 1.25),
      atMost("script time in Redis, long / short", scriptOf("long") / scriptOf("short"), 1.25),
    ],
  };
}

/** A side that also notes the mean script time of each of its rounds, the warming-up one first. */
async function sideOf(
  name: string,
  { service, redis, redisPid }: FullHouse,
  polled: readonly Ticket[],
): Promise<Side & { readonly scriptUs: readonly number[] }> {
  const poll = createPolling(await openConnections(service.url, clients), await pollRequests(polled));
  const scriptUs: number[] = [];
  return {
    name,
    pids: [service.pid, redisPid],
    scriptUs,
    run: async (ms) => {
      const before = await loadCommandFigures(redis.client, "evalsha");
      const round = await poll(ms);
      const after = await loadCommandFigures(redis.client, "evalsha");
      scriptUs.push((after.usec - before.usec) / (after.calls - before.calls));
      return round;
    },
  };
}
