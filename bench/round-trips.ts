// Question: how many round trips to Redis does a waiting poll make, and how often is a waiting job
// written? Counted by MONITOR, which shows every command and whether a client or a script sent it;
// what the service does anyway (asking monitors, sweeping, reading the server's run id) is counted
// in an idle stretch first and taken off.
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { openConnection } from "./support/connection.ts";
import { everybodyStays, fillLine, pollRequests, startFullHouse } from "./support/full-house.ts";
import { atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";

const waitingJobs = 50;
const pollEveryMs = 250;
const touchIntervalMs = 5_000;
const writing = new Set(["set", "zadd", "zrem", "del", "hset", "pexpire", "sadd"]);

await runBench(28, measure);

interface Seen {
  /** Commands that a client sent, by name. */
  readonly roundTrips: Map<string, number>;
  /** Commands that write, by job and command: when (ms). */
  readonly writes: Map<string, number[]>;
}

async function measure({ seconds }: BenchOptions): Promise<Report> {
  await using house = await startFullHouse({ PRESENCE_GRACE: everybodyStays.PRESENCE_GRACE });
  const jobs = await fillLine(house.queue, waitingJobs);
  const requests = await pollRequests(jobs);
  await house.queue.store.close();
  const idleMs = (seconds * 1000) / 4;
  const pollingMs = seconds * 1000 - idleMs;

  const idle = await watch(house.redis.url, [], () => delay(idleMs));
  let polls = 0;
  const ids = jobs.map(({ uniqueId }) => uniqueId);
  const busy = await watch(house.redis.url, ids, async () => {
    polls = await pollAll(house.service.url, requests, pollingMs);
  });
  const extra = (name: string) => {
    return (busy.roundTrips.get(name) ?? 0) - ((idle.roundTrips.get(name) ?? 0) * pollingMs) / idleMs;
  };
  const roundTrips = [...busy.roundTrips.keys()].reduce((sum, name) => sum + extra(name), 0);
  const touches = [...busy.writes].filter(([key]) => key.endsWith(" set")).map(([, times]) => times);
  const count = touches.reduce((sum, times) => sum + times.length, 0);
  const perJobAndInterval = count / waitingJobs / (1 + pollingMs / touchIntervalMs);
  const gaps = touches.flatMap((times) => times.slice(1).map((at, i) => at - (times[i] ?? 0)));
  const written = [...busy.writes.values()].reduce((sum, times) => sum + times.length, 0);
  return {
    question: `Round trips and writes of waiting polls (${waitingJobs} jobs, each polled every ${pollEveryMs} ms)`,
    figures: {
      polls,
      "round trips per poll": roundTrips / polls,
      "of these EVALSHA": extra("evalsha") / polls,
      "idle service, round trips/s": ([...idle.roundTrips.values()].reduce((a, b) => a + b, 0) * 1000) / idleMs,
      "touches per job": count / waitingJobs,
      "intervals of TOUCH_INTERVAL": pollingMs / touchIntervalMs,
      "shortest time between two touches of a job, ms": Math.min(...gaps),
      "commands that write, per touch": written / count,
      "commands that write, per poll": written / polls,
    },
    goals: [
      // a hundredth of slack: how often the idle service asks is known only to about one command in
      // a stretch
      atMost("round trips per waiting poll", roundTrips / polls, 1.01),
      atMost("touches per job and interval begun", perJobAndInterval, 1),
    ],
  };
}

async function watch(path: string, ids: readonly string[], during: () => Promise<void>): Promise<Seen> {
  const seen: Seen = { roundTrips: new Map(), writes: new Map() };
  const note = (line: string) => {
    const [, time = "", source = "", text = ""] = /^\+(\d+\.\d+) \[\d+ ([^\]]*)\] (.*)$/.exec(line) ?? [];
    const command = /^"(\w+)"/.exec(text)?.[1]?.toLowerCase();
    if (command === undefined) return;
    if (source !== "lua") seen.roundTrips.set(command, (seen.roundTrips.get(command) ?? 0) + 1);
    if (!writing.has(command)) return;
    const id = ids.find((uniqueId) => text.includes(uniqueId));
    if (id === undefined) return;
    const key = `${id} ${command}`;
    seen.writes.set(key, [...(seen.writes.get(key) ?? []), Number(time) * 1000]);
  };
  // by hand: ioredis 6 throws at what MONITOR sends
  const socket = connect(path);
  createInterface({ input: socket }).on("line", note);
  socket.write("MONITOR\r\n");
  await during();
  socket.destroy();
  return seen;
}

/** Each job in its own rhythm, spread over the interval. Returns how many polls. */
async function pollAll(url: string, requests: readonly string[], ms: number): Promise<number> {
  const endAt = performance.now() + ms;
  const counts = requests.map(async (request, at) => {
    const connection = await openConnection(url);
    let polls = 0;
    await delay((pollEveryMs * at) / requests.length);
    while (performance.now() < endAt) {
      const { status, head } = await connection.send(request);
      if (status !== 503) throw new Error(`a waiting poll was answered: ${head}`);
      polls += 1;
      await delay(Math.min(pollEveryMs, Math.max(0, endAt - performance.now())));
    }
    connection.close();
    return polls;
  });
  return (await Promise.all(counts)).reduce((a, b) => a + b, 0);
}
