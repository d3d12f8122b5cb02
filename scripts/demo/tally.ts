// What the demo counts: how the steps fared, and whether anything happened that must not. Pure
// bookkeeping, fed by the steps and by the monitors, which know better than any step what they
// reserved.
import type { RunnerInHand, StepEnd } from "./workflow-step.ts";

export interface Summary {
  readonly jobs: number;
  readonly taken: number;
  readonly fellBack: number;
  readonly stillWaiting: number;
  readonly medianWaitMs: number | null;
  readonly longestWaitMs: number | null;
  /** Runners beyond what their job asked for, and runners that two jobs were given. Must be 0. */
  readonly reservedTwice: number;
  /** All else that must not happen, in words. */
  readonly wrong: readonly string[];
}

export interface Tally {
  /** A step begins and will ask for so many runners. */
  begun(uniqueId: string, runners: number): void;
  /** A monitor labelled a runner. */
  reserved(uniqueId: string): void;
  ended(uniqueId: string, end: StepEnd): void;
  wentWrong(what: string): void;
  stillWaiting(): number;
  summary(): Summary;
}

export function createTally(): Tally {
  const asked = new Map<string, number>();
  const reserved = new Map<string, number>();
  const waiting = new Set<string>();
  const ownerOf = new Map<string, string>();
  const waitsMs: number[] = [];
  const wrong: string[] = [];
  let fellBack = 0;
  let sharedRunners = 0;

  function givenTo(uniqueId: string, runners: readonly RunnerInHand[]): void {
    const wanted = asked.get(uniqueId) ?? 0;
    if (runners.length !== wanted) wrong.push(`${uniqueId} asked for ${wanted} and was given ${runners.length}`);
    for (const { runner, monitor } of runners) {
      const name = `${runner} on ${monitor}`;
      const owner = ownerOf.get(name);
      if (owner !== undefined) {
        sharedRunners += 1;
        wrong.push(`${name} was given to ${owner} and to ${uniqueId}`);
      }
      ownerOf.set(name, uniqueId);
    }
  }

  return {
    begun(uniqueId, runners) {
      asked.set(uniqueId, runners);
      waiting.add(uniqueId);
    },
    reserved(uniqueId) {
      const count = (reserved.get(uniqueId) ?? 0) + 1;
      reserved.set(uniqueId, count);
      const wanted = asked.get(uniqueId) ?? 0;
      if (count > wanted) wrong.push(`${uniqueId} asked for ${wanted} and has ${count} reserved at the monitors`);
    },
    ended(uniqueId, end) {
      if (end.kind === "stopped") return;
      waiting.delete(uniqueId);
      if (end.kind === "taken") {
        waitsMs.push(end.waitedMs);
        givenTo(uniqueId, end.runners);
      }
      if (end.kind === "fell_back") fellBack += 1;
      if (end.kind === "broken") wrong.push(`${uniqueId}: ${end.why}`);
    },
    wentWrong: (what) => void wrong.push(what),
    stillWaiting: () => waiting.size,
    summary() {
      const sorted = waitsMs.toSorted((a, b) => a - b);
      const surplus = [...reserved].map(([uniqueId, count]) => Math.max(0, count - (asked.get(uniqueId) ?? 0)));
      return {
        jobs: asked.size,
        taken: waitsMs.length,
        fellBack,
        stillWaiting: waiting.size,
        medianWaitMs: sorted[Math.floor((sorted.length - 1) / 2)] ?? null,
        longestWaitMs: sorted.at(-1) ?? null,
        reservedTwice: sharedRunners + surplus.reduce((sum, count) => sum + count, 0),
        wrong: [...wrong],
      };
    },
  };
}
