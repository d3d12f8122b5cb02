// What the demo plays with: three monitors that behave much like real ones, only faster, one of them
// behind NAT, and the sequence of jobs that come to them.
import type { JobAsked } from "../deployed-client.ts";
import { type SimulatedFleet, startSimulatedFleet } from "../simulated-fleet/fleet.ts";

/** At each monitor. */
const runnersPerMonitor = { linux: 2, windows: 1 };
export const profiles = Object.keys(runnersPerMonitor);
const monitorCount = 3;
/** It cannot be called, and fetches its takes. */
export const behindNat = "ci2";
const windowsRunners = monitorCount * runnersPerMonitor.windows;

const repos = ["servo/servo", "servo/stylo", "servo/book", "servo/mozjs"];

/**
 * Milliseconds from one step to the next: a rush that uses up the idle runners, then a trickle that
 * the fleet can just about serve.
 */
export function decideNextStepInMs(stepNumber: number): number {
  return stepNumber < 9 ? 250 : 1200 + Math.random() * 1200;
}

/**
 * Mostly one runner, sometimes a gang; now and then more than there are, which no patience can
 * help.
 */
export function chooseJob(stepNumber: number): JobAsked {
  const uniqueId = `step-${stepNumber}`;
  const repo = repos[stepNumber % repos.length] ?? "servo/servo";
  const job = { uniqueId, repo, runId: String(1000 + Math.floor(stepNumber / 3)) };
  if (stepNumber % 16 === 8) return { ...job, profile: "windows", count: windowsRunners + 1 };
  const profile = stepNumber % 4 === 3 ? "windows" : "linux";
  if (stepNumber % 7 !== 5) return { ...job, profile };
  return { ...job, profile, count: profile === "windows" ? 2 : 2 + Math.floor(Math.random() * 2) };
}

/**
 * A reserved runner's job starts after 1 s, keeps it busy for 6 to 10 s, and 3 s later a new runner
 * is born.
 */
export async function startScenery(monitorToken: string): Promise<SimulatedFleet> {
  const fleet = await startSimulatedFleet({
    monitors: monitorCount,
    pulling: [behindNat],
    perMonitor: runnersPerMonitor,
    token: monitorToken,
    habits: { takeMs: 300, redrawMs: 1000, startsAfterMs: 1000, busyForMs: 8000, rebornAfterMs: 3000 },
  });
  for (const monitor of fleet.monitors) {
    monitor.onRunnerChange((change) => {
      // Read when the next job starts.
      if (change === "reserved") monitor.habits.busyForMs = 6000 + Math.random() * 4000;
    });
  }
  return fleet;
}
