// DATA_FILE: the embedded store's database on Node. A commit is handed to the system before it is
// answered, so that a process may be killed at any step; a power cut may drop the last commits, and
// so another boot of the host begins a new epoch.
import { readFileSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { createSqlitePersistence, type Database, type Persistence } from "./persistence.ts";

export interface DataFile {
  readonly persistence: Persistence;
  /** which boot of the host this is */
  readonly life: string;
  close(): void;
}

export type OpenedDataFile =
  | { readonly kind: "open"; readonly file: DataFile }
  | { readonly kind: "refused"; readonly why: string };

/** Opens the file, or says in words why not: it is another process's, or no database. */
export function openDataFile(path: string): OpenedDataFile {
  try {
    const database = new DatabaseSync(path);
    // one process at a time: whoever has it keeps it, and a second one hears so at once
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE; COMMIT;",
    );
    const file = {
      persistence: createSqlitePersistence(nodeDatabase(database)),
      life: readBootId(),
      close: () => database.close(),
    };
    return { kind: "open", file };
  } catch (error) {
    const { message } = error as Error;
    const isLocked = /locked|busy/i.test(message);
    return { kind: "refused", why: isLocked ? "another process has it: one instance at a time" : message };
  }
}

function nodeDatabase(database: DatabaseSync): Database {
  const statements = new Map<string, StatementSync>();
  const prepare = (query: string): StatementSync => {
    let statement = statements.get(query);
    if (statement === undefined) {
      statement = database.prepare(query);
      statements.set(query, statement);
    }
    return statement;
  };
  return {
    run: (query, ...bindings) => void prepare(query).run(...bindings),
    all: (query, ...bindings) => prepare(query).all(...bindings) as Record<string, unknown>[],
    transact: (work) => {
      database.exec("BEGIN");
      try {
        work();
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
  };
}

/**
 * Linux says which boot this is; elsewhere no restart of the host is noticed, and the file is
 * trusted.
 */
function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
