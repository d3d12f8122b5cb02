// Which monitor is to blame that a job waits: without its drain, or its refusals, the job's turn
// would have come.
import { type Fleet, type FleetRow, isFresh } from "../fleet/fleet.ts";

/**
 * "" where none is.
 * @param missing runners that have to come free before the job's turn, or that it asks for beyond
 * what can be served
 */
export function findBlamedMonitor(fleet: Fleet, reason: string, missing: number, now: number, freshMs: number): string {
  switch (reason) {
    case "no_capacity":
    case "not_your_turn":
      return mostOf(fleet, missing, (row) => (row.drainedUntil > now && isFresh(row, now, freshMs) ? row.idle : 0));
    case "unsatisfiable_now":
      return mostOf(fleet, missing, (row) => (row.drainedUntil > now ? row.target : 0));
    case "monitor_refuses":
      return mostOf(fleet, 0, (row) =>
        row.refusedJobs.length > 0 && row.drainedUntil <= now && isFresh(row, now, freshMs) ? row.idle : 0,
      );
    default:
      return "";
  }
}

/** The monitor with most of something, if all of them together have enough of it. */
function mostOf(fleet: Fleet, enough: number, count: (row: FleetRow) => number): string {
  let [sum, most, name] = [0, 0, ""];
  for (const [monitor, row] of fleet) {
    const runners = count(row);
    sum += runners;
    if (runners > most) [most, name] = [runners, monitor];
  }
  return sum >= enough ? name : "";
}
