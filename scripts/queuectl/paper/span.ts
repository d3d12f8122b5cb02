// Times as an operator reads them in a table: how long ago, how long until.
import { describeDuration } from "../../../src/duration.ts";

/** "2 min 10 s ago", or null where it never was. */
export function describeAgo(time: string | null, now: string): string | null {
  return time === null ? null : `${describeDuration(Date.parse(now) - Date.parse(time))} ago`;
}

/** "in 2 min 10 s", or null where it never will be. */
export function describeAhead(time: string | null, now: string): string | null {
  // A second that has begun is still to come, as on the page.
  return time === null ? null : `in ${describeDuration(Date.parse(time) - Date.parse(now) + 999)}`;
}

/** 2026-01-31 18:00:00Z */
export function describeTime(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")}Z`;
}
