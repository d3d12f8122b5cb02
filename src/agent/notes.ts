// What an agent must not forget: the legs that it is about to accept, and what came of them until
// the queue knows. A SQLite file: a write is on the disk before it returns, and whoever has the file
// open keeps everybody else out until its process ends, however it ends.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { reservedRunnerSchema } from "./host.ts";

const notedLegSchema = z.object({
  leg: z.string(),
  uniqueId: z.string(),
  profileKey: z.string(),
  runners: z.int(),
  qualifiedRepo: z.string(),
  runId: z.string(),
  /** ids of runners that were shown as reserved for this job before: they are not this leg's */
  before: z.array(z.string()),
  /** null: it may be at work; else what came of it, for the queue to acknowledge */
  reserved: z.array(reservedRunnerSchema).nullable(),
});
export type NotedLeg = z.infer<typeof notedLegSchema>;

export interface Notes {
  /** Oldest first. */
  legs(): readonly NotedLeg[];
  /** On the disk when it returns. Throws where the disk does not take it. */
  write(leg: NotedLeg): void;
  forget(legName: string): void;
  close(): void;
}

export type OpenedNotes =
  | { readonly kind: "open"; readonly notes: Notes }
  /** another agent has them */
  | { readonly kind: "locked" }
  | { readonly kind: "unusable"; readonly why: string };

/**
 * Opens the file, which nobody else can from then on. Makes it, with its folder, where there is
 * none.
 */
export function openNotes(path: string): OpenedNotes {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(path);
    database.exec(
      `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS leg (name TEXT PRIMARY KEY, document TEXT NOT NULL); COMMIT;`,
    );
    const rows = database.prepare("SELECT document FROM leg ORDER BY rowid").all();
    const legs = new Map<string, NotedLeg>();
    for (const { document } of rows) {
      const leg = notedLegSchema.parse(JSON.parse(String(document)));
      legs.set(leg.leg, leg);
    }
    const put = database.prepare(
      "INSERT INTO leg (name, document) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET document = excluded.document",
    );
    const remove = database.prepare("DELETE FROM leg WHERE name = ?");
    const notes: Notes = {
      legs: () => [...legs.values()],
      write: (leg) => {
        put.run(leg.leg, JSON.stringify(leg));
        legs.set(leg.leg, leg);
      },
      forget: (legName) => {
        remove.run(legName);
        legs.delete(legName);
      },
      close: () => database.close(),
    };
    return { kind: "open", notes };
  } catch (error) {
    const { message } = error as Error;
    return /locked|busy/i.test(message) ? { kind: "locked" } : { kind: "unusable", why: message };
  }
}
