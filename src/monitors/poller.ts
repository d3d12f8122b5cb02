// Keeps the fleet's snapshots fresh. Every monitor has its own clock: one that hangs delays nobody else. However many instances run,
// the store lets one of them ask at a time; a monitor that fails is asked again after a growing back-off.
import type { MonitorRecord, Observe, Store } from "../queue/ports.ts";
import { type MonitorClient, newsOf } from "./client.ts";

const longestBackoffMs = 30_000;

export interface Poller {
  start(): void;
  stop(): Promise<void>;
  /** Every monitor was asked once by somebody, whatever it answered. */
  isFleetAsked(): boolean;
  /** The same, and at least one has given a dashboard: its targets are worth judging by. */
  isFleetKnown(): boolean;
}

interface Standing {
  isAsked: boolean;
  hasAnswered: boolean;
  /** it failed to answer: there is nothing to wait for. A monitor that is merely drawing its dashboard anew will answer */
  hasFailed: boolean;
  isUp: boolean | null;
}

export function createPoller(
  store: Store,
  client: MonitorClient,
  settings: { readonly pollIntervalMs: number; readonly pollTimeoutMs: number },
  newId: () => string,
  observe: Observe,
): Poller {
  const standings = new Map<string, Standing>(
    client.names.map((name) => [name, { isAsked: false, hasAnswered: false, hasFailed: false, isUp: null }]),
  );
  const stopping = new AbortController();
  let loops: Promise<void>[] = [];

  const askOnce = async (monitor: string, standing: Standing): Promise<void> => {
    // Long enough for the slowest answer, so that no other instance asks meanwhile.
    const lease = await store.beginPoll(monitor, newId(), settings.pollTimeoutMs + settings.pollIntervalMs + 500);
    // Also when it is ours to ask: a store that lost its records knows nothing of the fleet until then.
    noteStanding(standing, lease.record);
    if (lease.kind === "skip") return;
    const read = await client.readDashboard(monitor);
    const failures = read.kind === "failed" ? lease.record.failures + 1 : 0;
    const record = await store.finishPoll(
      monitor,
      lease.askedAt,
      newsOf(read),
      backoffMs(settings.pollIntervalMs, failures),
    );
    noteStanding(standing, record);
    const isUp = read.kind !== "failed";
    if (isUp !== standing.isUp) {
      standing.isUp = isUp;
      observe({
        kind: isUp ? "monitor_up" : "monitor_down",
        monitor,
        url: client.urlOf(monitor),
        why: read.kind === "failed" ? read.why : read.kind,
      });
    }
  };
  const run = async (monitor: string, standing: Standing): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await askOnce(monitor, standing);
      } catch (error) {
        standing.hasAnswered = false;
        standing.hasFailed = false;
        observe({ kind: "trouble", where: "poller", error });
      }
      // The lease keeps the interval; looking more often finds its end sooner.
      await sleep(Math.max(20, settings.pollIntervalMs / 4), stopping.signal);
    }
  };

  return {
    start: () => {
      loops = [...standings].map(([monitor, standing]) => run(monitor, standing));
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(loops);
    },
    isFleetAsked: () => [...standings.values()].every(({ isAsked }) => isAsked),
    isFleetKnown: () => {
      const all = [...standings.values()];
      return all.every((one) => one.hasAnswered || one.hasFailed) && all.some((one) => one.hasAnswered);
    },
  };
}

function noteStanding(standing: Standing, record: MonitorRecord): void {
  standing.isAsked ||= record.askedAt > 0;
  standing.hasAnswered = record.answeredAt > 0;
  standing.hasFailed = record.failures > 0;
}

/** When to ask next: at the usual interval, doubling with every failure in a row. */
export function backoffMs(intervalMs: number, failures: number): number {
  return failures === 0
    ? intervalMs
    : Math.max(intervalMs, Math.min(longestBackoffMs, intervalMs * 2 ** Math.min(failures, 10)));
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
