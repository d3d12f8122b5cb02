// What became of a reservation: whether GitHub's job started on the runner that was reserved for
// it.
//
//   starting ---> started ---> over     its runner is busy, or GitHub says in_progress; then completed
//      |  \-----------------> over      GitHub says completed, and no runner had it: the reservation was for nothing
//      \---------------------> lost     its runner is gone, or not busy for START_TIMEOUT, and GitHub still waits for one
//
// One witness alone never makes it lost: a dashboard may be old, and GitHub may be slow.
import { z } from "zod";
import { type GithubWord, highestAttempt, jobsOf } from "./github-word.ts";

export const startStates = ["starting", "started", "lost", "over"] as const;
export type StartState = (typeof startStates)[number];

export const startSchema = z.object({
  state: z.enum(startStates),
  /** since when it is so, ms */
  since: z.number(),
  /** when its runners were reserved at the earliest, ms */
  reservedAt: z.number(),
  /** `monitor/id` of its runners */
  runners: z.array(z.string()),
  /** when its runners are looked at next, ms; absent: not any more */
  lookAt: z.number().optional(),
});
export type Start = z.infer<typeof startSchema>;

/** A monitor's runner, as a dashboard shows it. */
export interface SeenRunner {
  /** `monitor/id` */
  readonly name: string;
  readonly isBusy: boolean;
}

/**
 * Looks at a reservation of which nothing is heard end after so many START_TIMEOUTs; those that
 * could not see or ask anything, or whose instance died, after twice as many.
 */
const maxLooks = 10;

/** Of runners that were just reserved. */
export function beginStart(runners: readonly string[], reservedAt: number, now: number, startTimeoutMs: number): Start {
  return { state: "starting", since: now, reservedAt, runners: [...runners], lookAt: reservedAt + startTimeoutMs };
}

/** The start as GitHub's word has it; the same object where that says nothing new. */
export function startByWord(
  start: Start,
  word: GithubWord,
  { generation = 1, attempt = 1 }: { readonly generation?: number | undefined; readonly attempt?: number | undefined },
  now: number,
): Start {
  // its attempt is over where the run has a later one
  if (highestAttempt(word) > attempt) return isOpen(start) ? settleStart(start, "over", now) : start;
  const mine = jobsOf(word, generation);
  const isCompleted = mine.length >= start.runners.length && mine.every(({ state }) => state === "completed");
  // GitHub names the runner of a job that had one, also once it is completed
  const hasStarted = mine.some(({ state, runner }) => state === "in_progress" || runner !== undefined);
  if (start.state === "starting" && hasStarted) return settleStart(start, "started", now);
  if (isOpen(start) && isCompleted) return settleStart(start, "over", now);
  return start;
}

function isOpen({ state }: Start): boolean {
  return state === "starting" || state === "started";
}

/** One of its runners is busy. */
export function startBySight(start: Start, now: number): Start {
  return start.state === "starting" ? settleStart(start, "started", now) : start;
}

function settleStart({ lookAt: _, ...start }: Start, state: StartState, now: number): Start {
  return { ...start, state, since: now };
}

/**
 * Runners that are lost: GitHub waits for more than those that are still of use. Those that are not
 * busy so long after they were reserved are none.
 * @param seen all runners of its monitors, in dashboards that were rendered after the reservation
 */
export function countLost(
  start: Start,
  waiting: number,
  seen: readonly SeenRunner[],
  now: number,
  timeoutMs: number,
): number {
  if (start.state !== "starting" || now < start.reservedAt + timeoutMs) return 0;
  return hasStarted(start, seen) ? 0 : Math.min(waiting, start.runners.length);
}

/** Whether one of its runners is busy. */
export function hasStarted({ runners }: Pick<Start, "runners">, seen: readonly SeenRunner[]): boolean {
  return seen.some(({ name, isBusy }) => isBusy && runners.includes(name));
}

export function loseStart(start: Start, now: number): Start {
  return settleStart(start, "lost", now);
}

/**
 * Somebody looks at it now. The next look is due soon, for they may die before its end: a runner that is lost is
 * replaced within 90 s all the same. A look takes a few seconds.
 */
export function beginLook({ lookAt: _, ...start }: Start, now: number, timeoutMs: number): Start {
  const isWorthIt = now < start.reservedAt + 2 * maxLooks * timeoutMs;
  return isWorthIt ? { ...start, lookAt: now + timeoutMs / 4 } : start;
}

/**
 * A look saw nothing new: the next one is due START_TIMEOUT later, or never. The same object where none was due.
 * @param isCertain false: something could not be seen, or asked
 */
export function endLook(start: Start, isCertain: boolean, now: number, timeoutMs: number): Start {
  if (start.lookAt === undefined) return start;
  const { lookAt: _, ...rest } = start;
  const isWorthIt = now < start.reservedAt + (isCertain ? 1 : 2) * maxLooks * timeoutMs;
  return isWorthIt ? { ...rest, lookAt: now + timeoutMs } : rest;
}

/** Whether its runners were reserved for nothing. */
export function wasUnused(before: StartState, after: StartState): boolean {
  return before === "starting" && (after === "lost" || after === "over");
}
