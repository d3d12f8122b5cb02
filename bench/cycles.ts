// Question: does one hanging monitor of five slow the others' jobs down? Cycles/s from enqueue to
// taken, with plenty of idle runners at instant monitors, against the same where one monitor stops
// answering takes and dashboard in mid-work; on both stores, and with more takes at a monitor at
// once.
import { startRedis } from "../test/support/redis-server.ts";
import { type RunningService, startService } from "../test/support/service.ts";
import { startChild } from "./support/child.ts";
import { createCycling } from "./support/cycling.ts";
import { atWork } from "./support/full-house.ts";
import { atLeast, type BenchOptions, type Goal, type Report, round, runBench } from "./support/report.ts";
import { alternate, pairedRatio, resultOf } from "./support/rounds.ts";

const monitors = 5;
/**
 * So many that none runs out before the next snapshot, a second later, at two thousand cycles a
 * second with four monitors.
 */
const idleRunners = 500;

interface Setup {
  readonly store: "redis" | "embedded";
  readonly inflight: number;
  readonly clients: number;
  /** Of the time to measure. */
  readonly share: number;
}

/**
 * As many clients as four monitors take at once by default; with more takes allowed, more than they
 * can use.
 */
const setups: readonly Setup[] = [
  { store: "redis", inflight: 2, clients: 8, share: 0.4 },
  { store: "redis", inflight: 20, clients: 32, share: 0.2 },
  { store: "embedded", inflight: 2, clients: 8, share: 0.2 },
  { store: "embedded", inflight: 20, clients: 32, share: 0.2 },
];

await runBench(20, async ({ seconds }: BenchOptions): Promise<Report> => {
  const figures: Record<string, number | string> = {};
  const goals: Goal[] = [];
  for (const setup of setups) {
    const name = `${setup.store}, ${setup.inflight} at once`;
    const outcome = await compare(setup, seconds * setup.share);
    for (const [what, value] of Object.entries(outcome.figures)) figures[`${name}: ${what}`] = value;
    goals.push(atLeast(`${name}: cycles/s with one hanging / with none`, outcome.ratio, 0.9));
  }
  return {
    question: `Cycles from enqueue to taken, ${monitors} monitors with ${idleRunners} runners each`,
    figures,
    goals,
  };
});

async function compare({ store, inflight, clients }: Setup, seconds: number) {
  await using well = await startPlant(store, inflight);
  await using ill = await startPlant(store, inflight);
  const wellCycling = createCycling(well.service.url, clients);
  const illCycling = createCycling(ill.service.url, clients);
  await illCycling.run(500).catch((error: unknown) => {
    const troubles = ill.service.logLines().filter(({ level }) => level === "error");
    throw new Error(`the service's log: ${JSON.stringify(troubles.slice(0, 3))}`, { cause: error });
  });
  // It stops with jobs in its hands, and the warming-up round sees the rest: a dashboard that is
  // waited for, takes that never end.
  const duringHang = illCycling.run(2_000);
  ill.hang();
  const { done, ms } = await duringHang;
  const results = await alternate(
    [
      { name: "well", pids: well.pids, run: wellCycling.run },
      { name: "ill", pids: ill.pids, run: illCycling.run },
    ],
    seconds,
    800,
  );
  wellCycling.close();
  illCycling.close();
  const [a, b] = [resultOf(results, "well"), resultOf(results, "ill")];
  const cpu = a.cpuUs.map((us) => round(us)).join(" + ");
  return {
    ratio: pairedRatio(b, a),
    figures: {
      "cycles/s": a.perSecond,
      "cycles/s, one hanging": b.perSecond,
      "cycles/s in the 2 s after it began to hang": (done * 1000) / ms,
      "jobs stuck with it": illCycling.stuck(),
      "CPU µs per cycle: service + monitors (+ Redis)": cpu,
      "told to wait": format(wellCycling.waits),
      "told to wait, one hanging": format(illCycling.waits),
    },
  };
}

interface Plant extends AsyncDisposable {
  readonly service: RunningService;
  readonly pids: readonly number[];
  hang(): void;
}

async function startPlant(store: Setup["store"], inflight: number): Promise<Plant> {
  const fleet = await startChild("./fleet-process.ts", [String(monitors), String(idleRunners)]);
  const redis = store === "redis" ? await startRedis() : undefined;
  const endStore = async () => {
    await redis?.[Symbol.asyncDispose]();
    await fleet[Symbol.asyncDispose]();
  };
  try {
    const service = await startService({
      monitors: fleet.firstLine,
      env: { ...atWork, MONITOR_MAX_INFLIGHT: String(inflight) },
      ...(redis === undefined ? {} : { redisUrl: redis.url }),
    });
    const info = (await redis?.client.info("server")) ?? "";
    const redisPid = /process_id:(\d+)/.exec(info)?.[1];
    return {
      service,
      pids: [service.pid, fleet.pid, ...(redisPid === undefined ? [] : [Number(redisPid)])],
      hang: () => fleet.tell({ hang: "ci0" }),
      [Symbol.asyncDispose]: async () => {
        await service.kill9();
        await endStore();
      },
    };
  } catch (error) {
    await endStore();
    throw error;
  }
}

function format(waits: ReadonlyMap<string, number>): string {
  return [...waits].map(([reason, count]) => `${reason} ${count}`).join(", ") || "never";
}
