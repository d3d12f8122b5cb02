// CPU time per request as a bench compares it: round by round against a neighbour in time, with the
// range over the rounds.
import { median } from "./report.ts";
import type { SideResult } from "./rounds.ts";

export interface Ratio {
  readonly median: number;
  /** As text, with the smallest and the largest. */
  readonly text: string;
}

/** CPU time of all processes of a side over that of another, per request. */
export function compareCpu(side: SideResult, other: SideResult): Ratio {
  const ratios = side.cpuRounds.map((us, at) => sum(us) / sum(other.cpuRounds[at] ?? []));
  return describe(ratios);
}

/** The same for one process of each. */
export function compareProcess(side: SideResult, other: SideResult, process: number): Ratio {
  return describe(side.cpuRounds.map((us, at) => (us[process] ?? 0) / (other.cpuRounds[at]?.[process] ?? Number.NaN)));
}

function describe(ratios: readonly number[]): Ratio {
  const middle = median(ratios);
  const text = `${middle.toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
  return { median: middle, text };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
