// How long a job may still wait, in round figures: they change now and then, not with every second,
// so that the page stays the same while nothing happens.
import type { DashboardJob } from "./dashboard-data.ts";

const steps = [0, 5, 10, 20, 30, 45].concat([1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45].map((minutes) => minutes * 60));
const hours = [1, 2, 3, 4, 6, 8, 12, 24].map((count) => count * 3_600);
const all = [...steps, ...hours];

/** "10 s to 3 min", "up to 5 s", "over 1 d"; empty where nothing is known. */
export function describeEstimate(estimate: DashboardJob["estimate"]): string {
  if (estimate === null) return "";
  const low = all.findLast((step) => step <= estimate.low_seconds) ?? 0;
  const high = all.find((step) => step > 0 && step >= estimate.high_seconds);
  if (high === undefined) return `over ${describeStep(low)}`;
  return low === 0 ? `up to ${describeStep(high)}` : `${describeStep(low)} to ${describeStep(high)}`;
}

function describeStep(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3_600 ? `${seconds / 60} min` : `${seconds / 3_600} h`;
}
