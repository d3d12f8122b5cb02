// What monitors said when they were asked for a job's runners: one entry for each leg that ended,
// the same words counted.
import { z } from "zod";

/**
 * Whole seconds since the job took its place (of the last time), the monitor, what came of it, its
 * words, and how often.
 */
export const trySchema = z.tuple([z.number(), z.string(), z.string(), z.string(), z.number()]);
export type Try = z.infer<typeof trySchema>;

export const maxTries = 6;
const maxWords = 60;

/**
 * @param outcome "taken", or a RefusalCause
 * @param words of the monitor, or of the connection to it; may be empty
 * @param waitedMs since the job took its place
 */
export function addTry(
  known: Try[] | undefined,
  monitor: string,
  outcome: string,
  words: string,
  waitedMs: number,
): Try[] {
  const said = words.replace(/[\p{C}\p{Z}]+/gu, " ").slice(0, maxWords);
  const others = (known ?? []).filter((one) => !(one[1] === monitor && one[2] === outcome && one[3] === said));
  const same = known?.find((one) => !others.includes(one));
  const at = Math.max(0, Math.floor(waitedMs / 1000));
  return [...others, [at, monitor, outcome, said, (same?.[4] ?? 0) + 1] satisfies Try].slice(-maxTries);
}
