// Spans of time in words for people.
import { describeDuration } from "../../src/duration.ts";

/** "2 min 10 s", or "2 min": rounded, and without a second unit that says nothing. */
export function describeSpan(ms: number): string {
  return describeDuration(Math.round(ms / 1000) * 1000).replace(/ 0 \w+$/, "");
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
