// A persistence as a database is one: what was put comes back as a copy, in order of keys, and a
// transaction that throws leaves nothing behind.
import type { Persistence } from "../../src/store/embedded/persistence.ts";

export interface MemoryPersistence extends Persistence {
  forget(): void;
}

export function createMemoryPersistence(): MemoryPersistence {
  const kept = new Map<string, string>();
  let before: Map<string, string | undefined> | null = null;
  const remember = (key: string) => {
    if (before !== null && !before.has(key)) before.set(key, kept.get(key));
  };
  return {
    transact: (work) => {
      before = new Map();
      try {
        work();
      } catch (error) {
        for (const [key, text] of before) {
          if (text === undefined) kept.delete(key);
          else kept.set(key, text);
        }
        throw error;
      } finally {
        before = null;
      }
    },
    put: (key, value) => {
      remember(key);
      kept.set(key, JSON.stringify(value));
    },
    remove: (key) => {
      remember(key);
      kept.delete(key);
    },
    entries: (prefix) =>
      [...kept]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, text]) => [key.slice(prefix.length), JSON.parse(text)] as const),
    forget: () => kept.clear(),
  };
}
