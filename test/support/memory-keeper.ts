// A keeper as a Durable Object has one: what was put comes back as a copy, in order of keys.
import type { Keeper } from "../../src/store/embedded/keeper.ts";

export interface MemoryKeeper extends Keeper {
  forget(): void;
}

export function createMemoryKeeper(): MemoryKeeper {
  const kept = new Map<string, string>();
  return {
    put: (key, value) => void kept.set(key, JSON.stringify(value)),
    remove: (key) => void kept.delete(key),
    entries: (prefix) =>
      [...kept]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, text]) => [key.slice(prefix.length), JSON.parse(text)] as const),
    forget: () => kept.clear(),
  };
}
