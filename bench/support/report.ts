// What every bench shares at its ends: `--seconds N`, `--json`, medians, and a report that says for
// each goal whether it was met.
import { parseArgs } from "node:util";

export interface Goal {
  readonly goal: string;
  readonly value: number;
  readonly isMet: boolean;
}

export interface Report {
  readonly question: string;
  /** In the order in which they are printed; the name says the unit. */
  readonly figures: Readonly<Record<string, number | string>>;
  readonly goals: readonly Goal[];
}

export interface BenchOptions {
  /** How long to measure, all sides together, not counting start and warm-up. */
  readonly seconds: number;
  readonly json: boolean;
  /** What stands on the command line beside the options. */
  readonly given: readonly string[];
}

/**
 * Reads the command line, runs the bench, prints, and ends the process even where a connection is
 * still open.
 */
export async function runBench(seconds: number, measure: (options: BenchOptions) => Promise<Report>): Promise<void> {
  const { values, positionals: given } = parseArgs({
    options: { seconds: { type: "string" }, json: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const asked = values.seconds === undefined ? seconds : Number(values.seconds);
  if (!(asked > 0)) throw new Error("--seconds must be a number above 0");
  const begun = performance.now();
  const report = await measure({ seconds: asked, json: values.json, given });
  const tookSeconds = round((performance.now() - begun) / 1000);
  console.log(values.json ? JSON.stringify({ ...report, tookSeconds }) : format(report, tookSeconds));
  process.exit(0);
}

export function atLeast(what: string, value: number, limit: number): Goal {
  return { goal: `${what} >= ${limit}`, value: round(value), isMet: value >= limit };
}

export function atMost(what: string, value: number, limit: number): Goal {
  return { goal: `${what} <= ${limit}`, value: round(value), isMet: value <= limit };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Three figures that count. */
export function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(value >= 1000 ? Math.ceil(Math.log10(value)) : 3));
}

function format({ question, figures, goals }: Report, tookSeconds: number): string {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  const lines = Object.entries(figures).map(([name, value]) => {
    return `  ${name.padEnd(width)}  ${typeof value === "number" ? round(value) : value}`;
  });
  const verdicts = goals.map(({ goal, value, isMet }) => `  ${isMet ? "met   " : "MISSED"}  ${goal}: ${value}`);
  return [question, ...lines, "goals", ...verdicts, `  (${tookSeconds} s in all)`].join("\n");
}
