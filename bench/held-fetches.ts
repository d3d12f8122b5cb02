// Question: what do monitors that fetch cost while nothing happens, and how long does it take from a
// runner that comes free to its client, where both the fetch and the take are held?
import { setTimeout as delay } from "node:timers/promises";
import { enqueueForTicket } from "../test/support/client.ts";
import { createPullingMonitor, type Fetched } from "../test/support/pulling-monitor.ts";
import { startService } from "../test/support/service.ts";
import { atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";
import { cpuMs } from "./support/rounds.ts";

const hosts = 1_000;
const waitSeconds = 25;
const rounds = 300;

await runBench(60, measure);

async function measure({ seconds }: BenchOptions): Promise<Report> {
  const tookMs = await measureWay();
  const { share, fetches } = await measureIdle(seconds);
  const at = (part: number) => tookMs[Math.ceil(part * tookMs.length) - 1] ?? Number.NaN;
  return {
    question: `${hosts} held fetches while nothing happens; ${rounds} runners that come free, one after the other`,
    figures: {
      "fetches answered and sent again meanwhile": fetches,
      "idle to in the client's hands, median, ms": at(0.5),
      "slowest, ms": at(1),
    },
    goals: [
      atMost("idle to in the client's hands, 99th percentile, ms", at(0.99), 150),
      atMost("share of one core, service", share, 0.01),
    ],
  };
}

/** From the fetch that says "idle" to the client's 200, through offer, accept and settle; ms, sorted. */
async function measureWay(): Promise<readonly number[]> {
  await using service = await startService({ monitors: "h0=pull" });
  const { url } = service;
  const host = createPullingMonitor("h0");
  await host.fetch(url, { idle: 0, target: 1 });
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const uniqueId = `job-${round}`;
    const ticket = await enqueueForTicket(url, { profile: "linux", uniqueId, repo: "o/r", runId: "1" });
    const taken = fetch(`${url}/take/${uniqueId}?token=${ticket}&wait=${waitSeconds}`, { method: "POST" });
    const held = host.fetch(url, { idle: 0, target: 1, wait: waitSeconds });
    await delay(20);
    const begun = performance.now();
    // it answers the held one, and brings the offer
    const offered = host.fetch(url, { idle: 1, target: 1, wait: waitSeconds });
    const leg = ((await offered).body as Fetched).offers[0]?.leg ?? "";
    await host.accept(url, leg);
    await host.settle(url, leg, "taken", [`r${round}`]);
    const { status } = await taken;
    tookMs.push(performance.now() - begun);
    if (status !== 200) throw new Error(`the take was answered ${status}`);
    await held;
    await host.fetch(url, { idle: 0, target: 1 });
  }
  return tookMs.sort((a, b) => a - b);
}

/** Each host holds a fetch and makes the next one when it is answered. */
async function measureIdle(seconds: number): Promise<{ readonly share: number; readonly fetches: number }> {
  const names = Array.from({ length: hosts }, (_, at) => `h${at}`);
  await using service = await startService({ monitors: names.map((name) => `${name}=pull`).join(",") });
  let fetches = 0;
  let isOver = false;
  for (const name of names) {
    const host = createPullingMonitor(name);
    const hold = async () => {
      // spread, as those of a thousand hosts are
      await delay(Math.random() * waitSeconds * 1_000);
      while (!isOver) {
        await host.fetch(service.url, { idle: 1, wait: waitSeconds });
        fetches++;
      }
    };
    hold().catch(() => {});
  }
  await delay((waitSeconds + 5) * 1_000);
  const fetchedBefore = fetches;
  const cpuBefore = cpuMs(service.pid);
  const begun = performance.now();
  await delay(seconds * 1_000);
  const share = (cpuMs(service.pid) - cpuBefore) / (performance.now() - begun);
  isOver = true;
  return { share, fetches: fetches - fetchedBefore };
}
