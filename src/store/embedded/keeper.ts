// Where the embedded store writes down what a restart must not forget. What is put in one step of the store is kept as a whole or not at all, before
// anybody hears of it: the runtime sees to that (a Durable Object holds back what leaves it until its writes are safe). On Node there is none, and
// tickets bring the line back.

export interface Keeper {
  /** @param value plain data, not changed afterwards */
  put(key: string, value: unknown): void;
  remove(key: string): void;
  /** What was put and not removed under keys that begin so, in order of keys; `key` is the rest of it. */
  entries(prefix: string): Iterable<readonly [key: string, value: unknown]>;
}

export const noKeeper: Keeper = { put: () => {}, remove: () => {}, entries: () => [] };

/** A keeper of a part of everything, which sees its own keys only. */
export function keeperOf(all: Keeper, prefix: string): Keeper {
  return {
    put: (key, value) => all.put(`${prefix}${key}`, value),
    remove: (key) => all.remove(`${prefix}${key}`),
    entries: (more) => all.entries(`${prefix}${more}`),
  };
}
