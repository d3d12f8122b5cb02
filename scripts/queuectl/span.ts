// Spans of time in words for people.

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** "2 min 10 s": the two largest units. Never negative, for clocks differ. */
export function describeSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const at = units.findIndex(([, size]) => seconds >= size);
  const [name, size] = units[at] ?? units[3];
  const [smallerName, smallerSize] = units[at + 1] ?? units[3];
  const rest = Math.floor((seconds % size) / smallerSize);
  return `${Math.floor(seconds / size)} ${name}${rest === 0 ? "" : ` ${rest} ${smallerName}`}`;
}

/** "2 min 10 s ago", or null where it never was. */
export function describeAgo(time: string | null, now: string): string | null {
  return time === null ? null : `${describeSpan(Date.parse(now) - Date.parse(time))} ago`;
}

/** 2026-01-31 18:00:00Z */
export function describeTime(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** "in 2 min 10 s", or null where it never will be. */
export function describeAhead(time: string | null, now: string): string | null {
  return time === null ? null : `in ${describeSpan(Date.parse(time) - Date.parse(now))}`;
}
