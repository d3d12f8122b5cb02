// Question: how much does a waiting poll cost beyond what the HTTP server itself costs? POST /take
// of 100 waiting jobs, on Redis and on the embedded store, against the same server answering a
// constant 503, and against Node's server without a framework.
import { startService } from "../test/support/service.ts";
import { startChild } from "./support/child.ts";
import { openConnections } from "./support/connection.ts";
import { compareCpu } from "./support/cpu.ts";
import {
  atWork,
  enqueueOverHttp,
  fillLine,
  pollRequests,
  startFullHouse,
  startFullMonitor,
} from "./support/full-house.ts";
import { atLeast, atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";
import { alternate, createPolling, pairedRatio, resultOf } from "./support/rounds.ts";

const waitingJobs = 100;
const clients = 32;

await runBench(24, measure);

async function measure({ seconds }: BenchOptions): Promise<Report> {
  await using house = await startFullHouse();
  await using constant = await startChild("./constant-server.ts");
  await using bare = await startChild("./bare-server.ts");
  const monitor = await startFullMonitor();
  await using embedded = await startService({ monitors: [monitor], env: atWork });
  const requests = await pollRequests(await fillLine(house.queue, waitingJobs));
  const constantUrl = `http://127.0.0.1:${constant.firstLine}`;

  const side = async (name: string, url: string, pids: readonly number[], polls: readonly string[]) => {
    return { name, pids, run: createPolling(await openConnections(url, clients), polls) };
  };
  const results = await alternate(
    [
      await side("constant", constantUrl, [constant.pid], requests),
      await side("bare", `http://127.0.0.1:${bare.firstLine}`, [bare.pid], requests),
      await side("redis", house.service.url, [house.service.pid, house.redisPid], requests),
      await side("embedded", embedded.url, [embedded.pid], await enqueueOverHttp(embedded.url, waitingJobs)),
    ],
    seconds,
  );
  await monitor.close();
  const constantResult = resultOf(results, "constant");
  const [bareResult, redis, onEmbedded] = [
    resultOf(results, "bare"),
    resultOf(results, "redis"),
    resultOf(results, "embedded"),
  ];
  const ratio = pairedRatio(redis, constantResult);
  const [onRedis, embeddedCpu] = [compareCpu(redis, constantResult), compareCpu(onEmbedded, bareResult)];
  return {
    question: `A waiting poll against a constant 503 (${waitingJobs} jobs, ${clients} connections)`,
    figures: {
      "constant 503, requests/s": constantResult.perSecond,
      "poll on Redis, requests/s": redis.perSecond,
      "poll on embedded, requests/s": onEmbedded.perSecond,
      "Redis / constant, requests/s": ratio,
      "embedded / constant, requests/s": pairedRatio(onEmbedded, constantResult),
      "constant 503, CPU µs": constantResult.cpuUs[0] ?? 0,
      "poll on Redis, service's CPU µs": redis.cpuUs[0] ?? 0,
      "poll on Redis, Redis's CPU µs": redis.cpuUs[1] ?? 0,
      "poll on embedded, CPU µs": onEmbedded.cpuUs[0] ?? 0,
      "bare node:http, CPU µs": bareResult.cpuUs[0] ?? 0,
      "CPU of service and Redis / constant, with range": onRedis.text,
      "CPU of embedded / bare, with range": embeddedCpu.text,
      "CPU of embedded / constant, with range": compareCpu(onEmbedded, constantResult).text,
    },
    goals: [
      atLeast("requests/s on Redis / constant", ratio, 0.5),
      atMost("CPU of service and Redis / constant", onRedis.median, 2),
      atMost("CPU of embedded / bare node:http", embeddedCpu.median, 1.33),
    ],
  };
}
