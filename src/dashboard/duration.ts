// Times and how long something took, in words: the same on the page, in a terminal and in queuectl.

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** "2 min 10 s": the two largest units; never negative, for clocks differ. The page's script does the same. */
export function describeDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const at = units.findIndex(([, size]) => seconds >= size);
  const [first, second] = units.slice(at < 0 ? units.length - 1 : at);
  if (first === undefined) return "0 s";
  const whole = `${Math.floor(seconds / first[1])} ${first[0]}`;
  return second === undefined ? whole : `${whole} ${Math.floor((seconds % first[1]) / second[1])} ${second[0]}`;
}

/** 2026-01-31 18:00:00 UTC */
export function describeMoment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** ms from one time to another */
export function msBetween(earlier: string, later: string): number {
  return Date.parse(later) - Date.parse(earlier);
}
