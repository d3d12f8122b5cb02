// Question: how often do instances get into each other's way? Three of them on one Redis, 200 jobs
// that are polled at whichever instance comes next, and 50 runners that are free at once. Counted
// by the instances' own metrics.
import { startRedis } from "../test/support/redis-server.ts";
import { apiToken, startService } from "../test/support/service.ts";
import { startChild } from "./support/child.ts";
import { openConnection, postRequest } from "./support/connection.ts";
import { atWork, profileKey } from "./support/full-house.ts";
import { atMost, type Report, runBench } from "./support/report.ts";

const instances = 3;
const jobs = 200;
const runners = 50;

await runBench(1, async (): Promise<Report> => {
  await using stack = new AsyncDisposableStack();
  const fleet = stack.use(await startChild("./fleet-process.ts", ["5", String(runners / 5), "3600000"]));
  const redis = stack.use(await startRedis());
  const env = { ...atWork, MONITOR_MAX_INFLIGHT: String(runners) };
  const urls: string[] = [];
  for (let at = 0; at < instances; at++) {
    urls.push(stack.use(await startService({ monitors: fleet.firstLine, env, redisUrl: redis.url })).url);
  }
  const urlOf = (at: number) => urls[at % instances] ?? "";
  const before = await sumMetrics(urls);
  let taken = 0;
  let polls = 0;
  await Promise.all(
    Array.from({ length: jobs }, async (_, at) => {
      const uniqueId = `job-${at}`;
      const query = `unique_id=${uniqueId}&qualified_repo=servo/servo&run_id=${at + 1}`;
      const first = await openConnection(urlOf(at));
      const ticket = await first.send(postRequest(`/profile/${profileKey}/enqueue?${query}`, apiToken));
      first.close();
      if (ticket.status !== 200) throw new Error(`enqueue was answered ${ticket.status}`);
      for (let turn = 0; taken < runners; turn++) {
        const connection = await openConnection(urlOf(at + turn));
        const { status } = await connection.send(postRequest(`/take/${uniqueId}?token=${ticket.body}`));
        connection.close();
        polls += 1;
        if (status === 200) {
          taken += 1;
          return;
        }
      }
    }),
  );
  const after = await sumMetrics(urls);
  const since = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const done = since('runner_queue_store_commits_total{outcome="done"}');
  const conflicts = since('runner_queue_store_commits_total{outcome="conflict"}');
  const share = conflicts / (done + conflicts);
  const triesPerClaim = 1 + conflicts / taken;
  return {
    question: `${instances} instances, ${jobs} pollers, ${runners} free runners`,
    figures: { taken, polls, "changes written": done, "changes that conflicted": conflicts },
    goals: [
      atMost("share of changes that conflicted, all kinds", share, 0.1),
      atMost("tries per claim, if every conflict were a claim's", triesPerClaim, 1.3),
    ],
  };
});

/** Every counter of the instances together, by its name and labels. */
async function sumMetrics(urls: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  for (const url of urls) {
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const line of text.split("\n")) {
      const at = line.lastIndexOf(" ");
      if (line.startsWith("#") || at < 0) continue;
      const name = line.slice(0, at);
      sums.set(name, (sums.get(name) ?? 0) + Number(line.slice(at + 1)));
    }
  }
  return sums;
}
