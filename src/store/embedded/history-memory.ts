// The history of one profile in the embedded store: the last entries, each under a number of its own.
import { type HistoryEntry, historyLength } from "../../queue/history.ts";
import type { Persistence } from "./persistence.ts";

export class HistoryMemory {
  readonly #persistence: Persistence;
  readonly #prefix: string;
  #entries: HistoryEntry[] = [];

  constructor(persistence: Persistence, prefix: string) {
    this.#persistence = persistence;
    this.#prefix = prefix;
    for (const [, entry] of persistence.entries(prefix)) this.#entries.push(entry as HistoryEntry);
  }

  /**
   * Writes entries down; memory changes when the returned function is called. Within a transaction.
   * @param noted how many there were so far
   */
  put(entries: readonly HistoryEntry[], noted: number): () => void {
    for (const [at, entry] of entries.entries()) {
      this.#persistence.put(this.#prefix + nameOf(noted + at), entry);
      this.#persistence.remove(this.#prefix + nameOf(noted + at - historyLength));
    }
    return () => {
      this.#entries.push(...entries);
      if (this.#entries.length > historyLength) this.#entries = this.#entries.slice(-historyLength);
    };
  }

  /** The last entries, newest first. */
  last(limit: number): readonly HistoryEntry[] {
    return this.#entries.slice(-limit).reverse();
  }
}

/** So that keys in order are entries in order. */
function nameOf(noted: number): string {
  return String(noted).padStart(12, "0");
}
