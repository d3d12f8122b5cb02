// Short rounds in turn, A B A B: the machine is shared, and whatever else it does then hits all
// sides alike. Each round yields wall time and the CPU time that the measured processes used, which
// a busy neighbour disturbs less.
import { readFileSync } from "node:fs";
import type { Connection } from "./connection.ts";
import { median } from "./report.ts";

export interface Round {
  /** Requests, or whatever is counted. */
  readonly done: number;
  readonly ms: number;
}

export interface Side {
  readonly name: string;
  /** Processes whose CPU time counts. */
  readonly pids: readonly number[];
  run(ms: number): Promise<Round>;
}

export interface SideResult {
  readonly perSecond: number;
  /** CPU time per request and process, in the order of `pids`, µs. */
  readonly cpuUs: readonly number[];
  readonly rounds: readonly number[];
  /** The same by round: CPU time per request and process, µs. */
  readonly cpuRounds: readonly (readonly number[])[];
}

/**
 * Medians over the rounds, by name. One round of each side beforehand warms up and is not counted.
 */
export async function alternate(
  sides: readonly Side[],
  seconds: number,
  roundMs = 700,
): Promise<Map<string, SideResult>> {
  const rounds = Math.max(3, Math.round((seconds * 1000) / (roundMs * sides.length)));
  const samples = new Map(sides.map(({ name }) => [name, [] as { perSecond: number; cpuUs: number[] }[]]));
  for (const side of sides) await side.run(Math.max(1000, roundMs));
  for (let at = 0; at < rounds; at++) {
    for (const side of sides) {
      const before = side.pids.map(cpuMs);
      const { done, ms } = await side.run(roundMs);
      const cpuUs = side.pids.map((pid, i) => ((cpuMs(pid) - (before[i] ?? 0)) * 1000) / done);
      samples.get(side.name)?.push({ perSecond: (done * 1000) / ms, cpuUs });
    }
  }
  return new Map(
    [...samples].map(([name, all]) => {
      const cpuUs = (all[0]?.cpuUs ?? []).map((_, i) => median(all.map((sample) => sample.cpuUs[i] ?? 0)));
      const rates = all.map(({ perSecond }) => perSecond);
      return [name, { perSecond: median(rates), cpuUs, rounds: rates, cpuRounds: all.map((sample) => sample.cpuUs) }];
    }),
  );
}

export function resultOf(results: ReadonlyMap<string, SideResult>, name: string): SideResult {
  const result = results.get(name);
  if (result === undefined) throw new Error(`no side is called ${name}`);
  return result;
}

/** The median of a/b round by round: neighbours in time met the same disturbance. */
export function pairedRatio(a: SideResult, b: SideResult): number {
  return median(a.rounds.map((rate, i) => rate / (b.rounds[i] ?? Number.NaN)));
}

/**
 * Every connection sends the requests in turn, one at a time, for `ms`. Throws at any status but
 * 503.
 */
export function createPolling(connections: readonly Connection[], requests: readonly string[]) {
  let next = 0;
  return async function poll(ms: number): Promise<Round> {
    const begun = performance.now();
    let done = 0;
    const pollUntilEnd = async (connection: Connection) => {
      while (performance.now() - begun < ms) {
        const { status, head } = await connection.send(requests[next++ % requests.length] ?? "");
        if (status !== 503) throw new Error(`a waiting poll was answered: ${head}`);
        done += 1;
      }
    };
    await Promise.all(connections.map(pollUntilEnd));
    return { done, ms: performance.now() - begun };
  };
}

/** User and system time of a process so far (proc(5): fields 14 and 15, in ticks of 10 ms). */
export function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
