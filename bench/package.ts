// Question: how much memory does the queue of the package (and so of the image) take while it is
// idle, and how long until it is ready? The same is measured of the sources beside it. On a busy
// machine the time says little: the CPU that it took says more.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endWithUs } from "../scripts/end-with-us.ts";
import { startSimulatedFleet } from "../scripts/simulated-fleet/fleet.ts";
import { atMost, type BenchOptions, median, type Report, runBench } from "./support/report.ts";

const rounds = 5;
/** After this long all that start-up made is collected, and the monitors were polled some times. */
const settleMs = 5_000;
const port = 18_762;
const root = new URL("../", import.meta.url);

await runBench(60, measure);

async function measure(_: BenchOptions): Promise<Report> {
  const directory = await mkdtemp(join(tmpdir(), "runner-queue-bench-"));
  execFileSync(process.execPath, [fileURLToPath(new URL("scripts/build.ts", root)), "--out", directory]);
  const fleet = await startSimulatedFleet({ monitors: 3, perMonitor: { linux: 2 }, token: "bench" });
  const packed: Sample[] = [];
  const sources: Sample[] = [];
  for (let round = 0; round < rounds; round += 1) {
    packed.push(await startOnce([join(directory, "bin/runner-queue.cjs"), "serve"], fleet.monitorsSetting));
    sources.push(await startOnce([fileURLToPath(new URL("src/main.ts", root))], fleet.monitorsSetting));
  }
  await fleet.close();
  await rm(directory, { recursive: true });
  const readyMs = median(packed.map((one) => one.readyMs));
  const residentMib = median(packed.map((one) => one.residentMib));
  return {
    question: `memory of an idle queue, and time until it is ready (${rounds} starts each)`,
    figures: {
      "package: MiB resident": residentMib,
      "package: ms until ready": readyMs,
      "package: CPU ms until idle": median(packed.map((one) => one.cpuMs)),
      "sources: MiB resident": median(sources.map((one) => one.residentMib)),
      "sources: ms until ready": median(sources.map((one) => one.readyMs)),
      "sources: CPU ms until idle": median(sources.map((one) => one.cpuMs)),
    },
    goals: [atMost("package: MiB resident", residentMib, 90), atMost("package: ms until ready", readyMs, 500)],
  };
}

interface Sample {
  readonly readyMs: number;
  readonly residentMib: number;
  readonly cpuMs: number;
}

async function startOnce(args: readonly string[], monitors: string): Promise<Sample> {
  const begunAt = performance.now();
  const child = spawn(process.execPath, args, {
    stdio: "ignore",
    env: { PORT: String(port), MONITORS: monitors, API_TOKENS: "a-token-for-the-bench" },
  });
  endWithUs(child);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  while (!(await isReady())) await delay(5);
  const readyMs = performance.now() - begunAt;
  await delay(settleMs);
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
  // Fields 14 and 15, behind the name in brackets: user and system time in hundredths of a second.
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const cpuMs = 10 * (Number(fields[11]) + Number(fields[12]));
  child.kill("SIGKILL");
  await ended;
  return { readyMs, residentMib: Number(kib) / 1024, cpuMs };
}

async function isReady(): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
