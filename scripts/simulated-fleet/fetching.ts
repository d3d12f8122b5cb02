// A simulated monitor that fetches its takes: our own agent stands in front of it, as it does in front
// of a real one behind NAT. So its habits and faults are those of a monitor that is called.
import { createAgent } from "../../src/agent/agent.ts";
import { createMonitorHost } from "../../src/agent/monitor-host.ts";
import { systemClock } from "../../src/clock.ts";
import type { SimulatedMonitor } from "./monitor.ts";

export interface FetchedQueue {
  /** Without a slash at its end. */
  url: string;
  /** The bearer of the monitor's name, for the queue. */
  token: string;
  /** How long what is under way at the end is seen through, ms; absent: it is dropped. */
  seeThroughMs?: number;
  /** A line of what the agent of this monitor does; absent: nobody is told. */
  say?: (monitor: string, words: string) => void;
}

/** The agent's own notes, in memory: a fleet that ends takes its runners with it. */
const notes = ":memory:";
/** Often: a simulated monitor draws its dashboard anew in a moment. */
const listEveryMs = 250;

/**
 * Fetches until `stop` aborts. Resolves when what was under way then is over.
 * @param monitorToken the bearer that a take must carry
 */
export async function fetchTakes(
  monitor: Pick<SimulatedMonitor, "name" | "url">,
  monitorToken: string,
  { url, token, seeThroughMs = 0, say: tell = () => {} }: FetchedQueue,
  stop: AbortSignal,
): Promise<void> {
  const { name } = monitor;
  const say = (words: string) => tell(name, words);
  const host = createMonitorHost({ url: monitor.url, token: monitorToken, say, clock: systemClock });
  const agent = createAgent({ queue: url, name, token, notes, host, listEveryMs, seeThroughMs, say });
  const end = await agent.run(stop);
  if (end.kind !== "stopped") say(`ended: ${end.why}`);
}
