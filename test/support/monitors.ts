// Simulated monitors that end with their test and expect the token that startService hands out.
import { onTestFinished } from "vitest";
import {
  type MonitorOptions,
  type SimulatedMonitor,
  startSimulatedMonitor,
} from "../../scripts/simulated-fleet/monitor.ts";
import { monitorToken } from "./service.ts";

export async function startMonitor(options: Partial<MonitorOptions> = {}): Promise<SimulatedMonitor> {
  const monitor = await startSimulatedMonitor({
    name: "ci0",
    token: monitorToken,
    profiles: { linux: 1 },
    ...options,
  });
  onTestFinished(() => monitor.close());
  return monitor;
}

/**
 * Resolves with the unique_id of the next take that the monitor receives, before any work on it.
 */
export function nextTake(monitor: SimulatedMonitor): Promise<string> {
  return new Promise((resolve) => {
    const unsubscribe = monitor.onTake((take) => {
      unsubscribe();
      resolve(take.uniqueId);
    });
  });
}

/** How many runners all of these hold for a job. */
export function reservedCount(monitors: readonly SimulatedMonitor[], uniqueId: string): number {
  return monitors.reduce((sum, monitor) => sum + monitor.reservedFor(uniqueId).length, 0);
}
