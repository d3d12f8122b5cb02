// Why a job waited, stretch by stretch, in a few bytes. A stretch is noted only where its job is
// written anyway, so it costs no write of its own: it is as exact as presence is, TOUCH_INTERVAL,
// or MAX_WAIT where the request was held.
import { z } from "zod";

/**
 * Whole seconds since the job took its place, the reason, jobs and runners ahead then, and the
 * monitor to blame ("": none).
 */
export const waitSchema = z.tuple([z.number(), z.string(), z.number(), z.number(), z.string()]);
export type WaitStretch = z.infer<typeof waitSchema>;

/**
 * Why a job waits from now on. `reason` is of the closed list of outlook.ts: what is stored may be
 * another version's.
 */
export interface Wait {
  readonly reason: string;
  readonly jobsAhead: number;
  readonly runnersAhead: number;
  /** what it would have had, were it not for this monitor; "" for none */
  readonly monitor: string;
}

/** A job whose reason changes all the time keeps its longest stretches. */
export const maxStretches = 6;

/** A wait in which nobody else matters. */
export function plainWait(reason: string): Wait {
  return { reason, jobsAhead: 0, runnersAhead: 0, monitor: "" };
}

/**
 * The stretches with what is the case from now on; the same ones where that is no news.
 * @param waitedMs since the job took its place
 */
export function addWait(known: WaitStretch[] | undefined, wait: Wait, waitedMs: number): WaitStretch[] {
  const { reason, jobsAhead, runnersAhead, monitor } = wait;
  const last = known?.at(-1);
  if (known !== undefined && last?.[1] === reason && last[4] === monitor) return known;
  // the first poll comes right after the enqueue: nothing was known before
  const since = last === undefined ? 0 : Math.max(last[0], Math.floor(waitedMs / 1000));
  return shorten([...(known ?? []), [since, reason, jobsAhead, runnersAhead, monitor]]);
}

/**
 * Drops the shortest stretch between the first and the last: the one before it is as long as both
 * then.
 */
function shorten(stretches: WaitStretch[]): WaitStretch[] {
  if (stretches.length <= maxStretches) return stretches;
  const lengthOf = (at: number) => (stretches[at + 1]?.[0] ?? 0) - (stretches[at]?.[0] ?? 0);
  let shortest = 1;
  for (let at = 2; at < stretches.length - 1; at++) if (lengthOf(at) < lengthOf(shortest)) shortest = at;
  const kept = stretches.toSpliced(shortest, 1);
  return kept.filter((stretch, at) => at === 0 || !isSame(stretch, kept[at - 1]));
}

function isSame(a: WaitStretch, b: WaitStretch | undefined): boolean {
  return a[1] === b?.[1] && a[4] === b[4];
}
