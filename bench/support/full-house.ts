// A service whose only monitor targets four runners and has none idle, so that every job waits; and
// the jobs that wait there, put in line straight through the store, which is the only quick way to
// a hundred thousand.
import { randomUUID } from "node:crypto";
import { startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { createTickets } from "../../src/auth/ticket.ts";
import { queueSettingsOf } from "../../src/config/queue-settings.ts";
import { parseConfig } from "../../src/config.ts";
import type { Ticket } from "../../src/queue/job/job.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { createQueueOver, type QueueOver } from "../../test/support/queue-over.ts";
import { type RedisServer, startRedis } from "../../test/support/redis-server.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../../test/support/service.ts";
import { openConnection, postRequest } from "./connection.ts";

export const profileKey = "linux";
const targetRunners = 4;
const commandsInFlight = 100;

/** Nobody falls asleep or is abandoned for want of polls while we look elsewhere. */
export const everybodyStays = { ABANDON_AFTER: "1h", PRESENCE_GRACE: "1h" };

/** The product's own pace, not the tests'. */
export const atWork = { MONITOR_POLL_INTERVAL: "1s" };

export interface FullHouse extends AsyncDisposable {
  readonly service: RunningService;
  readonly redis: RedisServer;
  readonly redisPid: number;
  /** A second client of the service's store, with its settings. */
  readonly queue: QueueOver;
}

export async function startFullHouse(env: Readonly<Record<string, string>> = {}): Promise<FullHouse> {
  const redis = await startRedis();
  const endings: (() => Promise<unknown>)[] = [async () => await redis[Symbol.asyncDispose]()];
  const endAll = async () => {
    for (const end of endings.splice(0).reverse()) await end();
  };
  try {
    const monitor = await startFullMonitor();
    endings.push(monitor.close);
    const all = { ...atWork, ...env };
    const service = await startService({ monitors: [monitor], env: all, redisUrl: redis.url });
    endings.push(service.kill9);
    const parsed = parseConfig({ MONITORS: monitor.url, API_TOKENS: apiToken, ...env });
    if (parsed.kind === "problems") throw new Error(parsed.problems.join("; "));
    const settings = queueSettingsOf(parsed.config);
    const store = createRedisStore(redis.url, "rq", settings, () => {});
    endings.push(async () => await store.close());
    const queue = createQueueOver(store, settings, "bench", false);
    await queue.renewMark();
    const redisPid = Number(/process_id:(\d+)/.exec(await redis.client.info("server"))?.[1]);
    return { service, redis, redisPid, queue, [Symbol.asyncDispose]: endAll };
  } catch (error) {
    await endAll();
    throw error;
  }
}

/** Its runners are all reserved, for longer than any bench. */
export async function startFullMonitor() {
  const monitor = await startSimulatedMonitor({
    name: "ci0",
    token: monitorToken,
    profiles: { [profileKey]: targetRunners },
    habits: { reservedForMs: 3_600_000 },
  });
  const query = "unique_id=somebody&qualified_repo=servo/servo&run_id=1";
  await fetch(`${monitor.url}/profile/${profileKey}/take/${targetRunners}?${query}`, {
    method: "POST",
    headers: { authorization: `Bearer ${monitorToken}` },
  });
  return monitor;
}

/** Jobs as deployed workflows make them: UUIDs, an eleven-digit run. */
export async function fillLine(queue: QueueOver, count: number): Promise<readonly Ticket[]> {
  return await mapInFlight(count, async (at): Promise<Ticket> => {
    const uniqueId = randomUUID();
    const runId = String(19_000_000_000 + at);
    const request = { uniqueId, profileKey, runnerCount: 1, qualifiedRepo: "servo/servo", runId };
    const reply = await queue.enqueue(request);
    if (reply.kind !== "accepted") throw new Error(`enqueue: ${reply.kind}`);
    return { ...request, place: reply.place };
  });
}

/** One poll request for each of the jobs; `query` is more of it, such as "&wait=25". */
export async function pollRequests(jobs: readonly Ticket[], query = ""): Promise<readonly string[]> {
  const tickets = await createTickets([apiToken]);
  return await Promise.all(
    jobs.map(async (job) => postRequest(`/take/${job.uniqueId}?token=${await tickets.issue(job)}${query}`)),
  );
}

/**
 * As many jobs, enqueued at the service itself, and the poll request of each.
 * @param repoOf who asks for which; all are one repository's where it is not given
 */
export async function enqueueOverHttp(
  url: string,
  count: number,
  repoOf = (_at: number): string => "servo/servo",
): Promise<readonly string[]> {
  const connection = await openConnection(url);
  const polls: string[] = [];
  for (let at = 0; at < count; at++) {
    const uniqueId = randomUUID();
    const query = `unique_id=${uniqueId}&qualified_repo=${repoOf(at)}&run_id=19000000000`;
    const { status, body } = await connection.send(postRequest(`/profile/${profileKey}/enqueue?${query}`, apiToken));
    if (status !== 200) throw new Error(`enqueue was answered ${status}`);
    polls.push(postRequest(`/take/${uniqueId}?token=${body}`));
  }
  connection.close();
  return polls;
}

/** `count` different ones, spread over the whole of `all` at random. */
export function sample<T>(all: readonly T[], count: number): readonly T[] {
  const left = [...all];
  return Array.from({ length: Math.min(count, all.length) }, () => {
    const [chosen] = left.splice(Math.floor(Math.random() * left.length), 1) as [T];
    return chosen;
  });
}

/** As many at once as keeps a connection busy. */
export async function mapInFlight<T>(count: number, work: (at: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = new Array(count);
  let next = 0;
  const workThrough = async () => {
    for (let at = next++; at < count; at = next++) results[at] = await work(at);
  };
  await Promise.all(Array.from({ length: Math.min(commandsInFlight, count) }, workThrough));
  return results;
}
