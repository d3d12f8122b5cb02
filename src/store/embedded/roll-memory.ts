// Rolls of the embedded store: sets of names that belong to no profile, each name for a while.
// Names stand in the order in which they were put on, which mostly is nearly the order in which they
// leave: those that left are dropped from the front.
import type { EnrolReply } from "../../queue/store.ts";
import type { Persistence } from "./persistence.ts";

/** Rolls that nobody asks for any more are looked at this often. */
const dropEveryMs = 60_000;

export class RollMemory {
  readonly #persistence: Persistence;
  /** by roll: until when each name counts, ms */
  readonly #rolls = new Map<string, Map<string, number>>();
  #droppedAt = 0;

  constructor(persistence: Persistence) {
    this.#persistence = persistence;
    const kept = [...persistence.entries("roll/")].map(([key, until]) => [key, Number(until)] as const);
    for (const [key, until] of kept.sort(([, a], [, b]) => a - b)) {
      const at = key.indexOf(" ");
      this.#put(key.slice(0, at), key.slice(at + 1), until);
    }
  }

  enrol(roll: string, name: string, limit: number, keptForMs: number, now: number): EnrolReply {
    const count = this.count(roll, now);
    const isKnown = this.#rolls.get(roll)?.has(name) === true;
    if (!isKnown && count >= limit) return { standing: "full", count };
    this.#persistence.transact(() => this.#persistence.put(keyOf(roll, name), now + keptForMs));
    this.#put(roll, name, now + keptForMs);
    return isKnown ? { standing: "known", count } : { standing: "added", count: count + 1 };
  }

  strike(roll: string, names: readonly string[]): void {
    const known = names.filter((name) => this.#rolls.get(roll)?.has(name));
    if (known.length === 0) return;
    this.#persistence.transact(() => {
      for (const name of known) this.#persistence.remove(keyOf(roll, name));
    });
    for (const name of known) this.#rolls.get(roll)?.delete(name);
  }

  count(roll: string, now: number): number {
    if (now - this.#droppedAt >= dropEveryMs || now < this.#droppedAt) {
      this.#droppedAt = now;
      for (const other of this.#rolls.keys()) this.#dropEnded(other, now);
    }
    this.#dropEnded(roll, now);
    return this.#rolls.get(roll)?.size ?? 0;
  }

  read(roll: string, until: number, limit: number): readonly string[] {
    const names = [...(this.#rolls.get(roll) ?? [])].filter(([, end]) => end <= until);
    return names
      .sort(([, a], [, b]) => a - b)
      .slice(0, limit)
      .map(([name]) => name);
  }

  #put(roll: string, name: string, until: number): void {
    const names = this.#rolls.get(roll) ?? new Map<string, number>();
    // anew, and so at the end
    names.delete(name);
    names.set(name, until);
    this.#rolls.set(roll, names);
  }

  #dropEnded(roll: string, now: number): void {
    const ended: string[] = [];
    for (const [name, until] of this.#rolls.get(roll) ?? []) {
      if (until > now) break;
      ended.push(name);
    }
    this.strike(roll, ended);
    if (this.#rolls.get(roll)?.size === 0) this.#rolls.delete(roll);
  }
}

/** No roll's name holds a space. */
function keyOf(roll: string, name: string): string {
  return `roll/${roll} ${name}`;
}
