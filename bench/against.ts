// Question: what does this version cost against another? Waiting polls and whole cycles, side by
// side in one run, on both stores.
//
//   git worktree add ../other <commit> && ln -s "$PWD/node_modules" ../other/node_modules
//   node bench/against.ts ../other
//
// CPU time per request of the service and of Redis: a busy neighbour disturbs it less than wall
// time.
import { resolve } from "node:path";
import { type RedisServer, startRedis } from "../test/support/redis-server.ts";
import { apiToken, type RunningService, startService } from "../test/support/service.ts";
import { startChild } from "./support/child.ts";
import { openConnection, openConnections, postRequest } from "./support/connection.ts";
import { compareCpu, compareProcess } from "./support/cpu.ts";
import { createCycling } from "./support/cycling.ts";
import { atWork, everybodyStays, profileKey, startFullMonitor } from "./support/full-house.ts";
import { atMost, type BenchOptions, type Goal, type Report, round, runBench } from "./support/report.ts";
import { alternate, createPolling, resultOf, type Side } from "./support/rounds.ts";

type StoreKind = "redis" | "embedded" | "redis, appendfsync always";
const waitingJobs = 100;
const pollers = 32;

await runBench(60, async ({ seconds, given }: BenchOptions): Promise<Report> => {
  const [other] = given;
  if (other === undefined) throw new Error("usage: node bench/against.ts <folder of the other version> [--seconds N]");
  const program = resolve(other, "src/main.ts");
  const figures: Record<string, number | string> = {};
  const goals: Goal[] = [];
  const polls = await comparePolls(program, seconds / 4);
  Object.assign(figures, polls.figures);
  goals.push(...polls.goals);
  for (const store of ["redis", "embedded", "redis, appendfsync always"] as const) {
    for (const clients of [2, 20]) {
      const ratio = await compareCycles(program, store, clients, seconds / 8);
      figures[`cycle, ${store}, ${clients} at once: CPU new / other`] = ratio.text;
      goals.push(atMost(`cycle, ${store}, ${clients} at once: CPU new / other`, ratio.median, 1));
    }
  }
  return { question: "CPU time of this version against another's", figures, goals };
});

async function comparePolls(program: string, seconds: number): Promise<Omit<Report, "question">> {
  const monitor = await startFullMonitor();
  const env = { ...atWork, ...everybodyStays };
  await using stack = new AsyncDisposableStack();
  const sideOf = async (name: string, isNew: boolean, store: StoreKind): Promise<Side> => {
    const { service, pids } = await startPlant(stack, monitor.url, isNew ? undefined : program, store, env);
    const requests = await enqueueSome(service.url);
    return { name, pids, run: createPolling(await openConnections(service.url, pollers), requests) };
  };
  const results = await alternate(
    [
      await sideOf("redis", true, "redis"),
      await sideOf("redis, other", false, "redis"),
      await sideOf("embedded", true, "embedded"),
      await sideOf("embedded, other", false, "embedded"),
    ],
    seconds,
  );
  await monitor.close();
  const [redis, otherRedis] = [resultOf(results, "redis"), resultOf(results, "redis, other")];
  const inRedis = compareProcess(redis, otherRedis, 1);
  const whole = compareCpu(redis, otherRedis);
  const embedded = compareCpu(resultOf(results, "embedded"), resultOf(results, "embedded, other"));
  return {
    figures: {
      "poll: CPU µs of service and Redis": redis.cpuUs.map(round).join(" + "),
      "poll: CPU µs of service and Redis, other": otherRedis.cpuUs.map(round).join(" + "),
      "poll: Redis's CPU new / other": inRedis.text,
      "poll: CPU of service and Redis new / other": whole.text,
      "poll, embedded: CPU new / other": embedded.text,
    },
    goals: [
      atMost("poll: Redis's CPU new / other", inRedis.median, 0.6),
      atMost("poll: CPU of service and Redis new / other", whole.median, 1),
      atMost("poll, embedded: CPU new / other", embedded.median, 1),
    ],
  };
}

async function compareCycles(program: string, store: StoreKind, clients: number, seconds: number) {
  await using stack = new AsyncDisposableStack();
  const sideOf = async (name: string, other: string | undefined) => {
    const fleet = stack.use(await startChild("./fleet-process.ts", ["5", "500"]));
    const env = { ...atWork, MONITOR_MAX_INFLIGHT: "20" };
    const { service, pids } = await startPlant(stack, fleet.firstLine, other, store, env);
    return { name, pids, run: createCycling(service.url, clients).run };
  };
  const sides = [await sideOf("new", undefined), await sideOf("other", program)];
  const results = await alternate(sides, seconds, 500);
  return compareCpu(resultOf(results, "new"), resultOf(results, "other"));
}

interface Plant {
  readonly service: RunningService;
  /** The service, and Redis where there is one. */
  readonly pids: readonly number[];
}

async function startPlant(
  stack: AsyncDisposableStack,
  monitors: string,
  program: string | undefined,
  store: StoreKind,
  env: Readonly<Record<string, string>>,
): Promise<Plant> {
  const redis: RedisServer | undefined = store === "embedded" ? undefined : stack.use(await startRedis());
  if (store === "redis, appendfsync always") {
    await redis?.client.config("SET", "appendonly", "yes");
    await redis?.client.config("SET", "appendfsync", "always");
  }
  const redisUrl = redis === undefined ? {} : { redisUrl: redis.url };
  const service = stack.use(await startService({ monitors, env, program, ...redisUrl }));
  const info = (await redis?.client.info("server")) ?? "";
  const redisPid = /process_id:(\d+)/.exec(info)?.[1];
  return { service, pids: redisPid === undefined ? [service.pid] : [service.pid, Number(redisPid)] };
}

async function enqueueSome(url: string): Promise<readonly string[]> {
  const connection = await openConnection(url);
  const polls: string[] = [];
  for (let at = 0; at < waitingJobs; at++) {
    const uniqueId = crypto.randomUUID();
    const query = `unique_id=${uniqueId}&qualified_repo=servo/servo&run_id=${19_000_000_000 + at}`;
    const { status, body } = await connection.send(postRequest(`/profile/${profileKey}/enqueue?${query}`, apiToken));
    if (status !== 200) throw new Error(`enqueue was answered ${status}`);
    polls.push(postRequest(`/take/${uniqueId}?token=${body}`));
  }
  connection.close();
  return polls;
}
