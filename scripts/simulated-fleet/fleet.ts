// A fleet of simulated monitors, named ci0, ci1, ... with the same profiles each. Some of them may
// fetch their takes instead of being called.
import { type FetchedQueue, fetchTakes } from "./fetching.ts";
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
  /** The names of those that fetch their takes, once `fetchFrom` says where. */
  pulling?: readonly string[];
  habits?: Partial<Habits>;
}

export interface SimulatedFleet {
  monitors: SimulatedMonitor[];
  /** The value for the setting MONITORS: `ci0=http://...,ci1=...,ci2=pull`. */
  monitorsSetting: string;
  /** Those of `pulling` fetch their takes from this queue, from now until the fleet is closed. */
  fetchFrom(queue: FetchedQueue): void;
  /** They fetch no more. Resolves when what they had begun is seen through. */
  stopFetching(): Promise<void>;
  close(): Promise<void>;
}

/** Rejects where a port is taken, and leaves nothing running then. */
export async function startSimulatedFleet(options: FleetOptions): Promise<SimulatedFleet> {
  const { basePort = 0, pulling = [], host = "127.0.0.1" } = options;
  const starts = Array.from({ length: options.monitors }, (_, index) => {
    const name = `ci${index}`;
    return startSimulatedMonitor({
      name,
      token: options.token,
      // What fetches is called by nobody but its agent.
      host: pulling.includes(name) ? "127.0.0.1" : host,
      port: basePort === 0 ? 0 : basePort + index,
      profiles: options.perMonitor,
      habits: options.habits ?? {},
    });
  });
  const outcomes = await Promise.allSettled(starts);
  const monitors = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const stop = new AbortController();
  const fetching: Promise<void>[] = [];
  const stopFetching = async () => {
    stop.abort();
    await Promise.all(fetching);
  };
  const closeAll = async () => {
    const hasStopped = stopFetching();
    await Promise.all(monitors.map((monitor) => monitor.close()));
    await hasStopped;
  };
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) {
    await closeAll();
    throw failed.reason;
  }
  return {
    monitors,
    monitorsSetting: monitors.map(({ name, url }) => `${name}=${pulling.includes(name) ? "pull" : url}`).join(","),
    fetchFrom(queue) {
      for (const monitor of monitors) {
        if (!pulling.includes(monitor.name)) continue;
        fetching.push(fetchTakes(monitor, options.token, queue, stop.signal));
      }
    },
    stopFetching,
    close: closeAll,
  };
}
