// Where a job stands in the lists of its profile, and what the lists say of those ahead of it.
//
//   line      present jobs: these hold others back
//   aside     queued, but absent, standing aside, or not cleared after a loss: they keep their place and hold nobody back
//   claimed   being asked for
//
// A list keeps its jobs by need (runners that the job lacks), then by order. So "how many runners
// do those ahead of me need" is one count per need, and jobs whose need nobody can serve now are
// left out by it.
import { isSuspect } from "../job/after-loss.ts";
import { awaitsGeneration } from "../job/generation.ts";
import { hasOpenLeg, heldSince, isOver, type Job, neededRunners } from "../job/job.ts";
import { isPresentByWord } from "../job/presence.ts";
import type { QueueSettings } from "../settings.ts";

export const listNames = ["line", "aside", "claimed"] as const;
export type ListName = (typeof listNames)[number];

/** One job's entry in a list. */
export interface Entry {
  readonly list: ListName;
  readonly need: number;
  /** text that sorts as jobs stand in line */
  readonly order: string;
}

/** Jobs ahead of a place that need so many runners each. */
export interface NeedCount {
  readonly need: number;
  readonly jobs: number;
}

/** Digits of a place, and of a virtual time: as many as compare as texts do. */
const digits = 16;

/**
 * The order key, written here and nowhere else: the place, behind where the job's share begins. What
 * an operator put to the front begins at that moment in ms, which is before all places.
 */
export function orderOf({ place, share, expeditedAt }: Pick<Job, "place" | "share" | "expeditedAt">): string {
  const start = expeditedAt ?? share?.start;
  const ending = String(place).padStart(digits, "0");
  return start === undefined ? ending : String(start).padStart(digits, "0") + ending;
}

/** The place that an order was made of. */
export function placeOfOrder(order: string): number {
  return Number(order.slice(-digits));
}

/** Where a job stands; null: it is over. `lostAt`: since when the store knows everything, ms. */
export function entryOf(job: Job, lostAt: number): Entry | null {
  if (isOver(job.state)) return null;
  const entry = { need: neededRunners(job), order: orderOf(job) };
  if (job.state === "claimed") return { list: "claimed", ...entry };
  const isInLine = job.isPresent && job.asideUntil === undefined && !isSuspect(job, lostAt);
  return { list: isInLine ? "line" : "aside", ...entry };
}

/**
 * When time alone next changes something about a job; null: never. What is due is looked at by the
 * sweep.
 */
export function dueAtOf(job: Job, settings: QueueSettings): number | null {
  const leaseEndsAt = hasOpenLeg(job) ? (job.claim?.leaseUntil ?? 0) : Number.POSITIVE_INFINITY;
  const answerEndsAt = job.answer === undefined ? Number.POSITIVE_INFINITY : (job.answerUntil ?? 0);
  const times = [leaseEndsAt, answerEndsAt];
  if (job.start?.lookAt !== undefined) times.push(job.start.lookAt);
  if (awaitsGeneration(job)) times.push(job.endedAt ?? 0);
  if (job.state === "queued") {
    times.push(heldSince(job) + settings.holdTimeoutMs);
    if (!isPresentByWord(job)) times.push(job.abandonAt);
    if (job.isPresent && !isPresentByWord(job)) times.push(job.presentUntil);
    if (job.asideUntil !== undefined) times.push(job.asideUntil);
  }
  const dueAt = Math.min(...times);
  return Number.isFinite(dueAt) ? dueAt : null;
}

export interface Ahead {
  readonly jobs: number;
  readonly runners: number;
}

/** Jobs that need at most `servable` runners each, and how many runners those need. */
export function sumAhead(counts: readonly NeedCount[], servable: number): Ahead {
  let [jobs, runners] = [0, 0];
  for (const count of counts) {
    if (count.need > servable) continue;
    jobs += count.jobs;
    runners += count.jobs * count.need;
  }
  return { jobs, runners };
}
