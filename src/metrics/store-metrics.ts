// The store, with every command timed and its failures counted, and how rounds of operations went.
import { Histogram, type Registry } from "prom-client";
import type { RoundNote } from "../dispatch/running/operation-runner.ts";
import type { Store } from "../queue/store.ts";
import { createCounters } from "./counters.ts";

const commands = [
  "load",
  "commit",
  "beginEpoch",
  "readDocument",
  "swapDocument",
  "takePlace",
  "freePlace",
  "fence",
  "readResults",
  "enrol",
  "strike",
  "countRoll",
  "readRoll",
  "listProfiles",
  "hasProfile",
  "forgetProfile",
  "readHistory",
  "readCounts",
  "missedNews",
  "ping",
] as const satisfies readonly (keyof Store)[];

export interface StoreMetrics {
  /** The same store, with the time and the failures of each command counted. */
  readonly instrument: (store: Store) => Store;
  readonly noteRound: (round: RoundNote) => void;
}

export function createStoreMetrics(registry: Registry): StoreMetrics {
  const counter = createCounters(registry);
  const durations = new Histogram({
    name: "runner_queue_store_command_duration_seconds",
    help: "How long the store took, by command; failures included",
    labelNames: ["command"],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  });
  const errors = counter("store_command_errors", "Commands that the store did not carry out", ["command"]);
  const parts = counter(
    "store_commits",
    "Changes that were to be written, by whether all that they relied on still held",
    ["outcome"],
  );
  parts.inc({ outcome: "done" }, 0);
  parts.inc({ outcome: "conflict" }, 0);

  const time = (store: Store, command: (typeof commands)[number]): unknown => {
    const send = store[command].bind(store) as (...args: unknown[]) => unknown;
    const duration = durations.labels(command);
    errors.inc({ command }, 0);
    durations.zero({ command });
    const note = (begun: number) => duration.observe((performance.now() - begun) / 1000);
    return function timed(...args: unknown[]) {
      const begun = performance.now();
      const failed = (error: unknown): never => {
        errors.inc({ command });
        note(begun);
        throw error;
      };
      try {
        const reply = send(...args);
        if (!(reply instanceof Promise)) {
          note(begun);
          return reply;
        }
        return reply.then((value) => {
          note(begun);
          return value;
        }, failed);
      } catch (error) {
        return failed(error);
      }
    };
  };

  return {
    instrument: (store) => {
      const timed = commands.map((command) => [command, time(store, command)] as const);
      // a look at our own memory takes no time worth knowing, and noting it would cost a poll more
      // than the look
      const kept = timed.filter(([command]) => !(command === "load" && store.answersAtOnce === true));
      return { ...store, ...(Object.fromEntries(kept) as Partial<Store>) };
    },
    noteRound: (round) => {
      parts.inc({ outcome: "done" }, round.parts - round.conflicts);
      parts.inc({ outcome: "conflict" }, round.conflicts);
    },
  };
}
