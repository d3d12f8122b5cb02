// Which monitors are asked, and for how many runners each.
import { availableRunners, countLegsOut, type Fleet } from "./fleet.ts";

export interface PlannedLeg {
  readonly monitor: string;
  readonly runners: number;
}

export type Plan =
  | { readonly kind: "legs"; readonly legs: readonly PlannedLeg[] }
  /** the monitors that may be asked now do not have enough */
  | { readonly kind: "busy" }
  /** they have, but this instance does not know them: an instance that does goes on */
  | { readonly kind: "elsewhere"; readonly monitors: readonly string[] };

/** Which monitor is asked first of those that have a runner to give. */
export interface AskingOrder {
  /** how gladly one is asked: the higher the sooner */
  readonly favour: (monitor: string) => number;
  /** of equals the fullest that has enough, so that others become empty; else the emptiest */
  readonly isPacked: boolean;
}

const anyOrder: AskingOrder = { favour: () => 0, isPacked: false };

interface Candidate {
  readonly monitor: string;
  readonly favour: number;
  readonly available: number;
  readonly outLegs: number;
  readonly lastTakeAt: number;
}

/**
 * Legs for `needed` runners. Of those with a runner to give the most favoured come first, and among
 * them the monitor with the most idle: fewest legs, and the one least likely to say no. Where
 * monitors are packed it is the one with the fewest that are enough. Equals are spread: fewer legs
 * out, then longest unasked.
 * @param canReach whether this instance knows the monitor: it never claims where it cannot send
 */
export function planLegs(
  fleet: Fleet,
  needed: number,
  now: number,
  freshMs: number,
  maxInflight: number,
  canReach: (monitor: string) => boolean,
  { favour, isPacked }: AskingOrder = anyOrder,
): Plan {
  const candidates: Candidate[] = [];
  for (const [monitor, row] of fleet) {
    const available = availableRunners(row, now, freshMs);
    if (available === 0) continue;
    const outLegs = countLegsOut(row, now);
    if (outLegs < maxInflight) {
      candidates.push({ monitor, favour: favour(monitor), available, outLegs, lastTakeAt: row.lastTakeAt });
    }
  }
  candidates.sort((a, b) => compareCandidates(a, b, isPacked ? needed : null));
  const reachable = candidates.filter(({ monitor }) => canReach(monitor));
  const legs = fill(reachable, needed);
  if (legs !== null) return { kind: "legs", legs };
  if (reachable.length === candidates.length || fill(candidates, needed) === null) return { kind: "busy" };
  return { kind: "elsewhere", monitors: candidates.filter((one) => !canReach(one.monitor)).map((one) => one.monitor) };
}

function fill(candidates: readonly Candidate[], needed: number): PlannedLeg[] | null {
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

/** @param enough runners that a monitor has to have where they are packed; null: they are spread */
function compareCandidates(a: Candidate, b: Candidate, enough: number | null): number {
  if (a.favour !== b.favour) return b.favour - a.favour;
  if (a.available !== b.available) {
    const arePacked = enough !== null && Math.min(a.available, b.available) >= enough;
    return arePacked ? a.available - b.available : b.available - a.available;
  }
  if (a.outLegs !== b.outLegs) return a.outLegs - b.outLegs;
  if (a.lastTakeAt !== b.lastTakeAt) return a.lastTakeAt - b.lastTakeAt;
  return a.monitor < b.monitor ? -1 : 1;
}
