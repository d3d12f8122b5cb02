// How a profile stands beside its jobs - its fleet, its last hour, whether it is paused, the last place given - and how that is kept.
import type { Act } from "../../queue/acts.ts";
import type { Fleet } from "../../queue/fleet.ts";
import type { FreedRate } from "../../queue/freed-rate.ts";
import { Chart, type Sample } from "./chart.ts";
import type { Keeper } from "./keeper.ts";
import { ProfileFleet } from "./profile-fleet.ts";

interface Kept {
  readonly rows: Fleet;
  readonly freedRate: FreedRate;
  readonly samples: readonly Sample[];
  readonly paused: Act | null;
  readonly lastPlace: number;
}
const name = "standing";

export class Standing {
  readonly #keeper: Keeper;
  readonly fleet: ProfileFleet;
  readonly chart: Chart;
  paused: Act | null;
  lastPlace: number;
  #kept: Kept | undefined;

  constructor(freshMs: number, keeper: Keeper) {
    this.#keeper = keeper;
    for (const [, kept] of keeper.entries(name)) this.#kept = kept as Kept;
    this.fleet = new ProfileFleet(freshMs, this.#kept?.rows, this.#kept?.freedRate);
    this.chart = new Chart(this.#kept?.samples ?? []);
    this.paused = this.#kept?.paused ?? null;
    this.lastPlace = this.#kept?.lastPlace ?? 0;
  }

  /** Writes it down where it has changed. */
  keep(): void {
    const { paused, lastPlace } = this;
    const { rows, freedRate } = this.fleet;
    const now: Kept = { rows, freedRate, samples: this.chart.samples, paused, lastPlace };
    const before = this.#kept;
    const isAsBefore =
      before !== undefined && (Object.keys(now) as (keyof Kept)[]).every((part) => now[part] === before[part]);
    if (isAsBefore) return;
    this.#keeper.put(name, now);
    this.#kept = now;
  }
}
