// Time since a moment, for "no later than": by a clock that nobody can set, and by the date as well,
// for the first stands still while its machine sleeps. A date that is set can only make it longer.
import type { Clock } from "../clock.ts";

/** Returns the ms since this call. */
export function startStopwatch(clock: Pick<Clock, "now" | "date">): () => number {
  const now = clock.now();
  const date = clock.date();
  return () => Math.max(clock.now() - now, clock.date() - date);
}
