// Question: does a waiting poll cost Redis the same however many monitors its profile has? Two
// services, each with its Redis: the rows of one monitor, and those of 500, fed through the store.
import { snapshotOperation } from "../src/queue/operations/snapshot.ts";
import { openConnections } from "./support/connection.ts";
import { type FullHouse, fillLine, pollRequests, profileKey, startFullHouse } from "./support/full-house.ts";
import { atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";
import { alternate, createPolling, resultOf } from "./support/rounds.ts";

const waitingJobs = 100;
const clients = 16;
const manyMonitors = 500;

await runBench(24, measure);

async function measure({ seconds }: BenchOptions): Promise<Report> {
  await using few = await startFullHouse();
  await using many = await startFullHouse();
  await feed(many);
  const side = async (name: string, house: FullHouse) => {
    const requests = await pollRequests(await fillLine(house.queue, waitingJobs));
    const run = createPolling(await openConnections(house.service.url, clients), requests);
    return { name, pids: [house.service.pid, house.redisPid], run };
  };
  const results = await alternate([await side("1", few), await side(String(manyMonitors), many)], seconds);
  const [one, more] = [resultOf(results, "1"), resultOf(results, String(manyMonitors))];
  const ratio = (more.cpuUs[1] ?? 0) / (one.cpuUs[1] ?? 1);
  return {
    question: `A waiting poll with the rows of ${manyMonitors} monitors against one (${waitingJobs} jobs, ${clients} connections)`,
    figures: {
      "Redis's CPU µs, 1 monitor": one.cpuUs[1] ?? 0,
      [`Redis's CPU µs, ${manyMonitors} monitors`]: more.cpuUs[1] ?? 0,
      "service's CPU µs, 1 monitor": one.cpuUs[0] ?? 0,
      [`service's CPU µs, ${manyMonitors} monitors`]: more.cpuUs[0] ?? 0,
      "Redis's CPU, many / one": ratio,
    },
    goals: [atMost("Redis's CPU, many / one", ratio, 1.1)],
  };
}

/** A row of each monitor, none with an idle runner. */
async function feed({ queue }: FullHouse): Promise<void> {
  const drained = { drainedAt: 0, drainedUntil: 0 };
  for (let at = 0; at < manyMonitors; at++) {
    const counts = { idle: 0, target: 1, healthy: 1 };
    const command = { profileKey, monitor: `m${at}`, askedAt: Date.now(), counts, drained };
    await queue.runner.run(snapshotOperation(command));
  }
}
