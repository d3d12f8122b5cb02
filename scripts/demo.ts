// `npm run demo`: the whole thing, alive, on one machine and without GitHub. The real service in a
// process of its own, simulated monitors in this one, and workflow steps that are real curl
// processes. Every process it starts is gone when it ends.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type DemoCommand, parseCommandLine, usage } from "./demo/command-line.ts";
import { createRunningAccount, type ProfileStanding, type RunningAccount } from "./demo/running-account.ts";
import { behindNat, chooseJob, decideNextStepInMs, profiles, startScenery } from "./demo/scenery.ts";
import { createTally, type Tally } from "./demo/tally.ts";
import { runWorkflowStep } from "./demo/workflow-step.ts";
import { type ServiceProcess, spawnService, waitUntilReady } from "./service-process.ts";
import type { SimulatedFleet } from "./simulated-fleet/fleet.ts";

const bearer = "demo-token";
const monitorToken = "demo-monitor-token";
const behindNatToken = "demo-behind-nat-token";
/** Curls at one time; more would say nothing new. */
const mostWaiting = 12;
const lineEveryMs = 4000;
/** Longer than a take at a monitor of the demo. */
const seeThroughMs = 4000;
/** Longer than the service needs to drain and to end what it has begun at the monitors. */
const serviceEndsWithinMs = 8000;

const commandLine = parseCommandLine(process.argv.slice(2));
switch (commandLine.kind) {
  case "help":
    console.log(usage);
    break;
  case "wrong":
    console.error(commandLine.why);
    process.exitCode = 2;
    break;
  case "run":
    process.exitCode = hasCurl() ? await runDemo(commandLine.command) : 2;
    break;
}

/** Whether curl is there, and new enough for --fail-with-body; says what to do if not. */
function hasCurl(): boolean {
  const { stdout } = spawnSync("curl", ["--version"], { encoding: "utf8" });
  const [, major, minor] = /^curl (\d+)\.(\d+)/.exec(stdout ?? "") ?? [];
  if (Number(major) * 1000 + Number(minor) >= 7076) return true;
  const what = major === undefined ? "curl, which is not installed here" : `curl 7.76 or newer, not ${major}.${minor}`;
  console.error(`The demo needs ${what}. Install it with: ${installLine()}`);
  return false;
}

function installLine(): string {
  if (process.platform === "darwin") return "brew install curl";
  return process.platform === "win32" ? "winget install cURL.cURL" : "sudo apt-get install curl";
}

/** Returns the exit code. */
async function runDemo(command: DemoCommand): Promise<number> {
  const stop = stopWhenTold(command.seconds);
  const stopping = stop.signal;
  const account = createRunningAccount(command.json, (line) => console.log(line));
  const tally = createTally();
  const directory = await mkdtemp(join(tmpdir(), "runner-queue-demo-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const fleet = await startScenery(monitorToken);
  for (const monitor of fleet.monitors) monitor.onReserved((_runner, uniqueId) => tally.reserved(uniqueId));
  const service = spawnService({
    API_TOKENS: bearer,
    MONITOR_API_TOKEN: monitorToken,
    MONITORS: fleet.monitorsSetting,
    MONITOR_TOKENS: `${behindNat}:${behindNatToken}`,
  });
  // Without it there is nothing left to show.
  void service.ended.finally(() => stop.abort());
  try {
    const url = await waitUntilReady(service);
    fleet.fetchFrom({ url, token: behindNatToken, seeThroughMs });
    account.started({
      url,
      bearer,
      pid: service.pid,
      monitors: fleet.monitors.map(({ name, url }) => ({ name, url, isBehindNat: name === behindNat })),
    });
    await playSteps({ url, directory, fleet, account, tally, stopping });
  } catch (error) {
    tally.wentWrong(error instanceof Error ? error.message : String(error));
  } finally {
    // While the queue can still hear what became of it.
    await fleet.stopFetching();
    await endService(service, tally);
    await fleet.close();
  }
  const summary = tally.summary();
  account.summary(summary);
  return summary.reservedTwice === 0 && summary.wrong.length === 0 ? 0 : 1;
}

interface Stage {
  readonly url: string;
  readonly directory: string;
  readonly fleet: SimulatedFleet;
  readonly account: RunningAccount;
  readonly tally: Tally;
  readonly stopping: AbortSignal;
}

/** Sends step after step until told to stop; resolves when the last of their curls is gone. */
async function playSteps({ url, directory, fleet, account, tally, stopping }: Stage): Promise<void> {
  const waitingFor = new Map<string, string>();
  const steps = new Set<Promise<void>>();
  const timer = setInterval(() => account.line(describeLine(fleet, waitingFor)), lineEveryMs);
  for (let number = 1; !stopping.aborted; number += 1) {
    const job = chooseJob(number);
    tally.begun(job.uniqueId, job.count ?? 1);
    waitingFor.set(job.uniqueId, job.profile);
    const tell = account.step.bind(null, job);
    const step = runWorkflowStep(job, { url, bearer, directory, stopping, tell }).then((end) => {
      tally.ended(job.uniqueId, end);
      waitingFor.delete(job.uniqueId);
      steps.delete(step);
    });
    steps.add(step);
    await delay(decideNextStepInMs(number), undefined, { signal: stopping }).catch(() => {});
    if (steps.size >= mostWaiting) await Promise.race(steps);
  }
  clearInterval(timer);
  await Promise.all(steps);
}

function describeLine(fleet: SimulatedFleet, waitingFor: ReadonlyMap<string, string>): ProfileStanding[] {
  const runners = fleet.monitors.flatMap((monitor) => monitor.runners());
  return profiles.map((profile) => {
    const own = runners.filter((runner) => runner.profile === profile);
    const waiting = [...waitingFor.values()].filter((wanted) => wanted === profile).length;
    return { profile, waiting, idle: own.filter(({ state }) => state === "idle").length, runners: own.length };
  });
}

/** Politely, then by force. A service that ended by itself, or with anything but 0, went wrong. */
async function endService(service: ServiceProcess, tally: Tally): Promise<void> {
  if (!service.isRunning()) {
    tally.wentWrong(`the service ended by itself: ${await service.ended} ${service.stderr()}`);
    return;
  }
  const force = setTimeout(() => service.send("SIGKILL"), serviceEndsWithinMs);
  service.send("SIGTERM");
  const exitCode = await service.ended;
  clearTimeout(force);
  if (exitCode !== 0) tally.wentWrong(`the service ended with ${exitCode}: ${service.stderr()}`);
  const alarms = service.logLines.filter(({ level }) => level === "error" || level === "fatal");
  for (const { msg, time: _, level: __, ...fields } of alarms)
    tally.wentWrong(`the service says: ${msg} ${JSON.stringify(fields)}`);
}

/**
 * Aborts upon Ctrl-C, a polite kill, a closed terminal or pipe, or when the time is up. A second
 * Ctrl-C ends at once.
 */
function stopWhenTold(seconds: number | null): AbortController {
  const controller = new AbortController();
  if (seconds !== null) setTimeout(() => controller.abort(), seconds * 1000).unref();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  process.stdout.on("error", () => controller.abort());
  return controller;
}
