// Start-time fair queueing (Goyal, Vin, Cheng 1997), its two formulas. A line has a virtual time V,
// and each flow a finish F: what it was promised so far. A job starts at S = max(V, F) and moves its
// flow's finish on by its cost; whoever is served moves V to their S. The line is served by S.

/** What one runner costs a flow of weight 1. Whole numbers: a sum of fractions would drift. */
export const runnerCost = 1_000;

/** The virtual time at which a job of a flow starts. @param finish of its flow; undefined: none */
export function startOf(virtualTime: number, finish: number | undefined): number {
  return Math.max(virtualTime, finish ?? 0);
}

/** Where its flow's finish is after it. Rounded up: three jobs of weight 3 are no more than one of 1. */
export function finishOf(start: number, runners: number, weight: number): number {
  return start + Math.max(1, Math.ceil((runnerCost * runners) / weight));
}
