// Which monitors are asked, and for how many runners each.
import { availableRunners, type Fleet, legsOut } from "./fleet.ts";

export interface PlannedLeg {
  readonly monitor: string;
  readonly runners: number;
}

interface Candidate {
  readonly monitor: string;
  readonly available: number;
  readonly outLegs: number;
  readonly lastTakeAt: number;
}

/**
 * Legs for `needed` runners, or null where the monitors that may be asked now do not have enough. The monitor with the most
 * idle comes first: fewest legs, and the one least likely to say no. Equals are spread: fewer legs out, then longest unasked.
 */
export function planLegs(
  fleet: Fleet,
  needed: number,
  now: number,
  freshMs: number,
  maxInflight: number,
): readonly PlannedLeg[] | null {
  const candidates: Candidate[] = [];
  for (const [monitor, row] of Object.entries(fleet)) {
    const available = availableRunners(row, now, freshMs);
    const outLegs = legsOut(row, now).length;
    if (available === 0 || outLegs >= maxInflight) continue;
    candidates.push({ monitor, available, outLegs, lastTakeAt: row.lastTakeAt });
  }
  candidates.sort(compareCandidates);
  const legs: PlannedLeg[] = [];
  let missing = needed;
  for (const { monitor, available } of candidates) {
    if (missing === 0) break;
    const runners = Math.min(available, missing);
    legs.push({ monitor, runners });
    missing -= runners;
  }
  return missing === 0 ? legs : null;
}

function compareCandidates(a: Candidate, b: Candidate): number {
  if (a.available !== b.available) return b.available - a.available;
  if (a.outLegs !== b.outLegs) return a.outLegs - b.outLegs;
  if (a.lastTakeAt !== b.lastTakeAt) return a.lastTakeAt - b.lastTakeAt;
  return a.monitor < b.monitor ? -1 : 1;
}
