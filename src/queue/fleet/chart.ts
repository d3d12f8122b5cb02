// The last hour of a profile, one sample a minute.

export type Sample = readonly [minute: number, waiting: number, idle: number];

const chartMinutes = 60;

/** The chart with a sample of this minute; the same one where it has one. */
export function withSample(
  samples: readonly Sample[],
  now: number,
  sample: () => readonly [waiting: number, idle: number],
): readonly Sample[] {
  const minute = Math.floor(now / 60_000);
  if (samples.some(([known]) => known === minute)) return samples;
  const kept = samples.filter(([known]) => known > minute - chartMinutes && known < minute);
  return [...kept, [minute, ...sample()]];
}
