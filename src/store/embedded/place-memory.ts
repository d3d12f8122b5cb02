// Places for takes at monitors, over all profiles: how many are at work there, until when none is
// given out, and what came of them.
import type { Persistence } from "./persistence.ts";

interface Places {
  readonly at: readonly (readonly [key: string, until: number])[];
  readonly fencedUntil: number;
  readonly results: Readonly<Record<string, number>>;
}

const none: Places = { at: [], fencedUntil: 0, results: {} };

export class PlaceMemory {
  readonly #persistence: Persistence;
  readonly #monitors = new Map<string, Places>();

  constructor(persistence: Persistence) {
    this.#persistence = persistence;
    for (const [monitor, kept] of persistence.entries("places/")) this.#monitors.set(monitor, kept as Places);
  }

  take(monitor: string, key: string, limit: number, keptForMs: number, now: number): "taken" | "full" | "fenced" {
    const places = this.#placesOf(monitor);
    if (places.fencedUntil > now) return "fenced";
    // a place that ends later than any can is from before the clock was set back
    const at = places.at.filter(([other, until]) => other !== key && until > now && until <= now + 10 * keptForMs);
    const isMine = at.length < places.at.length && places.at.some(([other]) => other === key);
    if (!isMine && at.length >= limit) return "full";
    this.#set(monitor, { ...places, at: [...at, [key, now + keptForMs]] });
    return "taken";
  }

  free(monitor: string, key: string, result: string | null): void {
    const { at, fencedUntil, results } = this.#placesOf(monitor);
    const counted = result === null ? results : { ...results, [result]: (results[result] ?? 0) + 1 };
    this.#set(monitor, { at: at.filter(([other]) => other !== key), fencedUntil, results: counted });
  }

  fence(monitor: string, until: number): void {
    this.#set(monitor, { ...this.#placesOf(monitor), fencedUntil: until });
  }

  results(monitor: string): Readonly<Record<string, number>> {
    return this.#placesOf(monitor).results;
  }

  #placesOf(monitor: string): Places {
    return this.#monitors.get(monitor) ?? none;
  }

  #set(monitor: string, places: Places): void {
    this.#persistence.transact(() => this.#persistence.put(`places/${monitor}`, places));
    this.#monitors.set(monitor, places);
  }
}
