// What the embedded store counted, hour by hour. What is older than HISTORY_KEEP goes when something
// is counted in a new hour.

import { type Count, hourMs, hourOf, maxCountNames } from "../../queue/stats/count.ts";
import type { HourCounts } from "../../queue/store.ts";
import type { Persistence } from "./persistence.ts";

export class CountMemory {
  readonly #persistence: Persistence;
  readonly #prefix: string;
  readonly #keptForMs: number;
  readonly #hours = new Map<number, Map<string, number>>();

  constructor(persistence: Persistence, prefix: string, keptForMs: number) {
    this.#persistence = persistence;
    this.#prefix = prefix;
    this.#keptForMs = keptForMs;
    for (const [key, count] of persistence.entries(prefix)) {
      const slash = key.indexOf("/");
      this.#set(Number(key.slice(0, slash)), key.slice(slash + 1), Number(count));
    }
  }

  /** Writes them down; memory changes when the returned function is called. Within a transaction. */
  put(counts: readonly Count[], now: number): () => void {
    const isNewHour = counts.some(({ hour }) => !this.#hours.has(hour));
    const gone = isNewHour ? [...this.#hours.keys()].filter((hour) => !this.#isKept(hour, now)) : [];
    const next = new Map<string, { readonly hour: number; readonly name: string; readonly count: number }>();
    for (const { hour, name: wanted, otherwise, by } of counts) {
      const known = this.#hours.get(hour);
      const added = [...next.values()].filter((one) => one.hour === hour && known?.has(one.name) !== true).length;
      const hasRoom = (known?.size ?? 0) + added < maxCountNames;
      const name = hasRoom || known?.has(wanted) === true || next.has(`${hour}/${wanted}`) ? wanted : otherwise;
      const before = next.get(`${hour}/${name}`)?.count ?? known?.get(name) ?? 0;
      next.set(`${hour}/${name}`, { hour, name, count: before + by });
    }
    for (const hour of gone) {
      for (const name of this.#hours.get(hour)?.keys() ?? [])
        this.#persistence.remove(`${this.#prefix}${hour}/${name}`);
    }
    for (const [key, { count }] of next) this.#persistence.put(this.#prefix + key, count);
    return () => {
      for (const hour of gone) this.#hours.delete(hour);
      for (const { hour, name, count } of next.values()) this.#set(hour, name, count);
    };
  }

  read(hours: readonly number[], now: number): readonly HourCounts[] {
    return hours.map((hour) => (this.#isKept(hour, now) ? Object.fromEntries(this.#hours.get(hour) ?? []) : {}));
  }

  #isKept(hour: number, now: number): boolean {
    return hour >= hourOf(now - this.#keptForMs - hourMs);
  }

  #set(hour: number, name: string, count: number): void {
    const known = this.#hours.get(hour) ?? new Map<string, number>();
    this.#hours.set(hour, known.set(name, count));
  }
}
