// A fleet of simulated monitors, named ci0, ci1, ... with the same profiles each.
import type { Habits } from "./habits-and-faults.ts";
import { type SimulatedMonitor, startSimulatedMonitor } from "./monitor.ts";

export interface FleetOptions {
  /** How many. */
  monitors: number;
  /** Profile key to target number of runners, at each monitor. */
  perMonitor: Record<string, number>;
  token: string;
  /** Address to listen on; absent: 127.0.0.1. */
  host?: string;
  /** Monitor n listens on basePort + n; 0 or absent: any free ports. */
  basePort?: number;
  habits?: Partial<Habits>;
}

export interface SimulatedFleet {
  monitors: SimulatedMonitor[];
  /** The value for the setting MONITORS: `ci0=http://...,ci1=...`. */
  monitorsSetting: string;
  close(): Promise<void>;
}

/** Rejects where a port is taken, and leaves nothing running then. */
export async function startSimulatedFleet(options: FleetOptions): Promise<SimulatedFleet> {
  const { basePort = 0 } = options;
  const starts = Array.from({ length: options.monitors }, (_, index) =>
    startSimulatedMonitor({
      name: `ci${index}`,
      token: options.token,
      host: options.host ?? "127.0.0.1",
      port: basePort === 0 ? 0 : basePort + index,
      profiles: options.perMonitor,
      habits: options.habits ?? {},
    }),
  );
  const outcomes = await Promise.allSettled(starts);
  const monitors = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const closeAll = async () => {
    await Promise.all(monitors.map((monitor) => monitor.close()));
  };
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) {
    await closeAll();
    throw failed.reason;
  }
  return {
    monitors,
    monitorsSetting: monitors.map(({ name, url }) => `${name}=${url}`).join(","),
    close: closeAll,
  };
}
