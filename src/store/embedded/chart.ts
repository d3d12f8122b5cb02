// The last hour of a profile, one sample a minute.

export type Sample = readonly [minute: number, waiting: number, idle: number];

const chartMinutes = 60;

export class Chart {
  #samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.#samples = samples;
  }

  /** Nothing happens where this minute has its sample. */
  note(now: number, sample: () => readonly [waiting: number, idle: number]): void {
    const minute = Math.floor(now / 60_000);
    if (this.#samples.some(([known]) => known === minute)) return;
    const kept = this.#samples.filter(([known]) => known > minute - chartMinutes);
    this.#samples = [...kept, [minute, ...sample()]];
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }
}
