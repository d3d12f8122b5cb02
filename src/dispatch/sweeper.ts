// Lets time do its work once a second: jobs fall asleep or are abandoned, and claims of instances that died are taken over.
// Every instance sweeps; the store makes sure that each thing happens once.

import type { Observe } from "../queue/events.ts";
import type { Store } from "../queue/ports.ts";
import type { Dispatcher } from "./dispatcher.ts";

const sweepEveryMs = 1_000;

export interface Sweeper {
  start(): void;
  stop(): Promise<void>;
  sweepOnce(): Promise<void>;
}

export function createSweeper(store: Store, dispatcher: Dispatcher, observe: Observe): Sweeper {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** which start is in force; 0: none */
  let running = 0;
  let starts = 0;
  let current: Promise<void> = Promise.resolve();

  /** One profile's trouble is not the others'. */
  const sweepOne = async (profileKey: string): Promise<void> => {
    try {
      await dispatcher.sweep(profileKey);
    } catch (error) {
      observe({ kind: "trouble", where: `sweeper of ${profileKey}`, error });
    }
  };
  const sweepAll = async (): Promise<void> => {
    try {
      for (const profileKey of await store.profiles()) await sweepOne(profileKey);
      await dispatcher.wakeWinners();
    } catch (error) {
      observe({ kind: "trouble", where: "sweeper", error });
    }
  };
  const next = (start: number): void => {
    current = sweepAll().then(() => {
      if (running === start) timer = setTimeout(next, sweepEveryMs, start);
    });
  };

  return {
    start: () => {
      starts += 1;
      running = starts;
      next(running);
    },
    sweepOnce: sweepAll,
    stop: async () => {
      running = 0;
      clearTimeout(timer);
      await current;
    },
  };
}
