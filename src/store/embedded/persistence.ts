// Where the embedded store writes down what a restart must not forget. What one transaction puts
// and removes is kept as a whole or not at all, before anybody hears of it; memory changes after
// that.
import { z } from "zod";

export interface Persistence {
  /** Runs `work`; all that it puts and removes is kept, or nothing where it throws. */
  transact(work: () => void): void;
  /** @param value plain data, not changed afterwards */
  put(key: string, value: unknown): void;
  remove(key: string): void;
  /**
   * What was put and not removed under keys that begin so, in order of keys; `key` is the rest of
   * it.
   */
  entries(prefix: string): Iterable<readonly [key: string, value: unknown]>;
}

export const noPersistence: Persistence = {
  transact: (work) => work(),
  put: () => {},
  remove: () => {},
  entries: () => [],
};

/**
 * A database that has a table of keys and texts: what node:sqlite and a Durable Object have in
 * common.
 */
export interface Database {
  run(query: string, ...bindings: string[]): void;
  all(query: string, ...bindings: string[]): Iterable<Readonly<Record<string, unknown>>>;
  transact(work: () => void): void;
}

const rowSchema = z.object({ key: z.string(), value: z.string() });

/** Keeps everything in a table of a SQLite database, JSON by key. */
export function createSqlitePersistence(database: Database): Persistence {
  database.run("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
  return {
    transact: (work) => database.transact(work),
    put: (key, value) =>
      database.run("INSERT OR REPLACE INTO kept (key, value) VALUES (?, ?)", key, JSON.stringify(value)),
    remove: (key) => database.run("DELETE FROM kept WHERE key = ?", key),
    entries: function* (prefix) {
      const rows = database.all(
        "SELECT key, value FROM kept WHERE key >= ? AND key < ? ORDER BY key",
        prefix,
        // beyond every key that begins so: keys are of ASCII, but for names of monitors, which this
        // is above as well
        `${prefix}\u{10ffff}`,
      );
      for (const row of rows) {
        const { key, value } = rowSchema.parse(row);
        yield [key.slice(prefix.length), JSON.parse(value)];
      }
    },
  };
}
