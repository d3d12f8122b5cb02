// Question: how long does a runner that has turned idle wait for its job? A thousand jobs wait at
// two instances that share Redis; the same fleet, the same run, four ways to wait: asking as
// Retry-After says; held for 25 s and asking again at once; held, and asking again a second later,
// as `curl --retry` does; held, with monitors that push.
import { startSimulatedMonitor } from "../scripts/simulated-fleet/monitor.ts";
import { queueSettingsOf } from "../src/config/queue-settings.ts";
import { parseConfig } from "../src/config.ts";
import { createRedisStore } from "../src/store/redis/redis-store.ts";
import { createQueueOver } from "../test/support/queue-over.ts";
import { startRedis } from "../test/support/redis-server.ts";
import { apiToken, monitorToken, startService } from "../test/support/service.ts";
import { atWork, profileKey } from "./support/full-house.ts";
import { atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";
import { measureWaiting, type WaitingFigures, type WayToWait } from "./support/waiting-clients.ts";

const clients = 1_000;
const everyMs = 250;
const monitorNames = ["ci0", "ci1", "ci2", "ci3", "ci4"];
const intervalMs = 1_000;

const ways = {
  plain: { name: "plain", query: "", obeysRetryAfter: true, monitorsPush: false },
  held: { name: "held", query: "&wait=25", obeysRetryAfter: false, monitorsPush: false },
  curl: { name: "held, curl --retry", query: "&wait=25", obeysRetryAfter: true, monitorsPush: false },
  pushed: { name: "held and pushed", query: "&wait=25", obeysRetryAfter: false, monitorsPush: true },
} as const satisfies Record<string, WayToWait>;

/** Long enough that a request which is held for 25 s is seen to come back. */
await runBench(200, measure);

async function measure({ seconds }: BenchOptions): Promise<Report> {
  await using redis = await startRedis();
  const monitors = await Promise.all(
    monitorNames.map((name) =>
      startSimulatedMonitor({
        name,
        token: monitorToken,
        profiles: { [profileKey]: 0 },
        habits: { redrawMs: 300, reservedForMs: 3_600_000 },
      }),
    ),
  );
  for (const monitor of monitors) {
    monitor.setTarget(profileKey, 1);
  }
  const options = { monitors, redisUrl: redis.url, env: atWork };
  await using a = await startService(options);
  await using b = await startService(options);
  const parsed = parseConfig({ MONITORS: monitors[0]?.url ?? "", API_TOKENS: apiToken });
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("; "));
  const settings = queueSettingsOf(parsed.config);
  const store = createRedisStore(redis.url, "rq", settings, () => {});
  const queue = createQueueOver(store, settings, "bench", false);
  const setup = { urls: [a.url, b.url], queue, monitors, monitorToken, clients, everyMs };

  const results = new Map<string, WaitingFigures>();
  const waysInTurn: WayToWait[] = Object.values(ways);
  for (const way of waysInTurn) {
    results.set(way.name, await measureWaiting(way, setup, seconds / waysInTurn.length));
  }
  await store.close();
  const of = (way: WayToWait): WaitingFigures => {
    const figures = results.get(way.name);
    if (figures === undefined) throw new Error(`${way.name} was not measured`);
    return figures;
  };
  const figures: Record<string, number | string> = {};
  for (const way of waysInTurn) {
    const { latenciesMs, requestsPerJobAndMinute } = of(way);
    figures[`${way.name}: runners taken`] = latenciesMs.length;
    figures[`${way.name}: p50, ms`] = quantile(latenciesMs, 0.5);
    figures[`${way.name}: p99, ms`] = quantile(latenciesMs, 0.99);
    figures[`${way.name}: requests per job and minute`] = requestsPerJobAndMinute;
  }
  for (const monitor of monitors) await monitor.close();
  return {
    question: `From a runner turning idle to the client holding it: ${clients} jobs wait at two instances on one Redis`,
    figures,
    goals: [
      atMost("held: p99, ms", quantile(of(ways.held).latenciesMs, 0.99), intervalMs + 100),
      atMost("held and pushed: p99, ms", quantile(of(ways.pushed).latenciesMs, 0.99), 100),
      atMost("held: requests per job and minute", of(ways.held).requestsPerJobAndMinute, 3),
    ],
  };
}

/** @param sorted from small to large */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
