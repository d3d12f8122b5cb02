// How durations are read and written, in the settings, at the command line, in requests and for
// people.

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** What a refusal of a duration may say. */
export const durationForm = "a whole number and ms, s, m, h or d, such as 30s";

/** Milliseconds of "1500ms", "30s", "5m", "2h" or "7d"; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, figure, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  return unit === undefined ? null : Number(figure) * unitMs[unit as keyof typeof unitMs];
}

const spokenUnits = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/**
 * "2 min 10 s": the two largest units; never negative, for clocks differ. The page's script does
 * the same.
 */
export function describeDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const at = spokenUnits.findIndex(([, size]) => seconds >= size);
  const [first, second] = spokenUnits.slice(at < 0 ? spokenUnits.length - 1 : at);
  if (first === undefined) return "0 s";
  const whole = `${Math.floor(seconds / first[1])} ${first[0]}`;
  return second === undefined ? whole : `${whole} ${Math.floor((seconds % first[1]) / second[1])} ${second[0]}`;
}
