// Keeps the embedded store in the SQLite of a Durable Object. The runtime holds back replies and
// requests until writes are safe:
// https://developers.cloudflare.com/durable-objects/reference/in-memory-state/.
import type { DurableObjectStorage } from "cloudflare:workers";
import { createSqlitePersistence, type Persistence } from "../store/embedded/persistence.ts";

/**
 * @param giveUp called where something cannot be kept: what is in memory must not run ahead of what
 * is kept
 */
export function createObjectPersistence(storage: DurableObjectStorage, giveUp: (error: unknown) => void): Persistence {
  const surely = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      giveUp(error);
      throw error;
    }
  };
  return createSqlitePersistence({
    run: (query, ...bindings) => surely(() => void storage.sql.exec(query, ...bindings)),
    all: (query, ...bindings) => storage.sql.exec(query, ...bindings),
    // Durable Objects refuse BEGIN: the runtime has its own way
    transact: (work) => surely(() => storage.transactionSync(work)),
  });
}
