// What an agent says has to fit into 1 MiB. Of runners that are told in too many words the largest parts are left out:
// a client can do without them, and a runner that is not told is lost.
import type { ReservedRunner } from "./host.ts";

/** Of all runners of a body together; the rest of it is short. */
export const maxDetailsLength = 600_000;

export function fitRunners(runners: readonly ReservedRunner[]): readonly ReservedRunner[] {
  if (lengthOf(runners) <= maxDetailsLength) return runners;
  const each = Math.floor(maxDetailsLength / runners.length);
  return runners.map(({ id, runner }) => {
    const parts = Object.entries(runner).toSorted(([, a], [, b]) => lengthOf(a) - lengthOf(b));
    let left = each;
    const kept = parts.filter(([name, part]) => {
      left -= lengthOf(name) + lengthOf(part) + 2;
      return left >= 0;
    });
    return { id, runner: Object.fromEntries(kept) };
  });
}

export function lengthOf(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
}
