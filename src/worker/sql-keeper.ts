// Keeps the embedded store in the SQLite of a Durable Object. Writes of one step, without an await between them, are kept all or none, and the runtime
// holds back replies and requests until they are safe: https://developers.cloudflare.com/durable-objects/reference/in-memory-state/.
import type { SqlStorage } from "cloudflare:workers";
import type { Keeper } from "../store/embedded/keeper.ts";

/** @param giveUp called where something cannot be kept: what is in memory is ahead of what is kept then, and must not go on */
export function createSqlKeeper(sql: SqlStorage, giveUp: (error: unknown) => void): Keeper {
  sql.exec("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
  const write = (query: string, ...bindings: string[]): void => {
    try {
      sql.exec(query, ...bindings);
    } catch (error) {
      giveUp(error);
      throw error;
    }
  };
  return {
    put: (key, value) => write("INSERT OR REPLACE INTO kept (key, value) VALUES (?, ?)", key, JSON.stringify(value)),
    remove: (key) => write("DELETE FROM kept WHERE key = ?", key),
    entries: function* (prefix) {
      const rows = sql.exec(
        "SELECT key, value FROM kept WHERE key >= ? AND key < ? ORDER BY key",
        prefix,
        // beyond every key that begins so: keys are of ASCII, but for names of monitors, which this is above as well
        `${prefix}\u{10ffff}`,
      );
      for (const { key, value } of rows) yield [String(key).slice(prefix.length), JSON.parse(String(value))];
    },
  };
}
