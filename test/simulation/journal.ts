// The storage medium of a simulated store: what a machine keeps when its process ends. A fail-over
// loses the end of it, as replicas do that had not heard of the last writes.
import type { Persistence } from "../../src/store/embedded/persistence.ts";

export interface Journal extends Persistence {
  /** Everything is gone. */
  wipe(): void;
  /** What was written since then is gone. Returns the keys of it. */
  undoSince(time: number): readonly string[];
}

interface Written {
  readonly at: number;
  readonly key: string;
  readonly before: unknown;
}

/** No fail-over loses more, ms. */
const undoableMs = 5_000;

/** Values are kept as they are: they are plain data that nobody changes. */
export function createJournal(now: () => number): Journal {
  const kept = new Map<string, unknown>();
  let written: Written[] = [];

  const write = (key: string, value: unknown): void => {
    written.push({ at: now(), key, before: kept.get(key) });
    if (written.length > 20_000) written = written.filter(({ at }) => at > now() - undoableMs);
    if (value === undefined) kept.delete(key);
    else kept.set(key, value);
  };
  return {
    transact: (work) => work(),
    put: write,
    remove: (key) => {
      if (kept.has(key)) write(key, undefined);
    },
    entries: (prefix) =>
      [...kept]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => [key.slice(prefix.length), value] as const),
    wipe: () => {
      kept.clear();
      written = [];
    },
    undoSince: (time) => {
      const lost = written.filter(({ at }) => at >= time);
      written = written.filter(({ at }) => at < time);
      for (const { key, before } of lost.reverse()) {
        if (before === undefined) kept.delete(key);
        else kept.set(key, before);
      }
      return [...new Set(lost.map(({ key }) => key))];
    },
  };
}
