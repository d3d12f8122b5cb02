// Those who watch a queue while it works: a crowd that reads dashboard.json, one that follows
// /events, and a Prometheus.
import { setTimeout as delay } from "node:timers/promises";
import { type Connection, openConnection } from "./connection.ts";

const readers = 5;

export interface Onlookers {
  /** Watches until the signal says stop; then nobody is waited for. */
  watch(signal: AbortSignal): Promise<void>;
  /** What was seen so far. */
  readonly seen: { reads: number; scrapes: number; events: number; slowestReadMs: number };
  close(): void;
}

/** `readsPerSecond`: of dashboard.json, evenly spread, as far as the service keeps up. */
export async function createOnlookers(url: string, readsPerSecond: number): Promise<Onlookers> {
  const seen = { reads: 0, scrapes: 0, events: 0, slowestReadMs: 0 };
  const connections = await Promise.all(Array.from({ length: readers + 1 }, () => openConnection(url)));
  const [scraper, ...crowd] = connections as [Connection, ...Connection[]];

  /** Asks every `everyMs`, beginning after `offsetMs`; a slow answer puts the next question off. */
  const askAgain = async (
    connection: Connection,
    path: string,
    everyMs: number,
    offsetMs: number,
    signal: AbortSignal,
  ) => {
    await delay(offsetMs, undefined, { signal });
    for (let at = performance.now(); !signal.aborted; ) {
      const begun = performance.now();
      const { status, head } = await connection.send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      if (status !== 200) throw new Error(`${path} was answered: ${head}`);
      if (path === "/metrics") seen.scrapes += 1;
      else {
        seen.reads += 1;
        seen.slowestReadMs = Math.max(seen.slowestReadMs, performance.now() - begun);
      }
      at = Math.max(at + everyMs, performance.now());
      await delay(Math.max(0, at - performance.now()), undefined, { signal });
    }
  };
  const follow = async (signal: AbortSignal) => {
    const response = await fetch(`${url}/events`, { signal });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      if (decoder.decode(chunk, { stream: true }).includes("event: dashboard")) seen.events += 1;
    }
  };

  return {
    seen,
    watch: async (signal) => {
      const everyMs = (readers * 1000) / readsPerSecond;
      const all = [
        ...crowd.map((one, at) => askAgain(one, "/dashboard.json", everyMs, (everyMs * at) / readers, signal)),
        askAgain(scraper, "/metrics", 1_000, 0, signal),
        follow(signal),
      ];
      await Promise.all(all.map((one) => one.catch((error: unknown) => ignoreAbort(error, signal))));
    },
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
}

function ignoreAbort(error: unknown, signal: AbortSignal): void {
  if (!signal.aborted) throw error;
}
