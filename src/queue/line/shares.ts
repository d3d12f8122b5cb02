// Shares of a profile's line, by start-time fair queueing (policy/share.ts has its formulas). The profile
// has a virtual time V, each flow (the jobs of one repository and class) its end F and a weight w:
//
//   enqueue of n runners   start = max(V, F), F = end = start + 1000 n / w; the start is the job's for life
//   claim                  V = max(V, start)
//   a job leaves unserved  what lies behind the flow's last waiting job is given back, no more
//
// The line is in order of (start, place), so a poll stays one look-up of a rank, and within a flow
// jobs stay in order. Virtual times are of the size of places: V begins as the place of the first
// job that is shared. So jobs of before, whose order is their place, come first, and a line that is
// shared no longer goes on in order of places.
import { z } from "zod";
import { findFlowRules } from "../policy/flow-rules.ts";
import type { Policy } from "../policy/policy.ts";
import { finishOf, startOf } from "../policy/share.ts";

/** A job's part of the line: where it begins, and where its flow goes on. */
export const shareSchema = z.object({ start: z.int().nonnegative(), end: z.int().positive() });
export type Share = z.infer<typeof shareSchema>;

export const virtualTimeSchema = z.object({ at: z.number() });
export type VirtualTime = z.infer<typeof virtualTimeSchema>;

const flowSchema = z.object({
  /** where its next job begins, unless V is past that */
  end: z.number(),
  /** parts in its middle that jobs left unserved: they come back when nothing waits behind them */
  gone: z.array(z.tuple([z.number(), z.number()])).optional(),
});
/** Flows whose end lies ahead of V, by name. */
export const flowsSchema = z.record(z.string(), flowSchema);
export type Flows = z.infer<typeof flowsSchema>;

export const noFlows: Flows = {};

/** What a profile's head keeps of its shares. `flows` is null where it was not read. */
export interface ShareBook {
  readonly virtualTime: VirtualTime | null;
  readonly flows: Flows | null;
}

/** A flow gets no further ahead: a weight near nothing would leave the numbers that are exact. */
const maxVirtualTime = Number.MAX_SAFE_INTEGER;
/** Of one flow; more of them are not given back. */
const maxGone = 200;

interface FlowMember {
  readonly qualifiedRepo: string;
  readonly className?: string | undefined;
}

/** A flow's name. GitHub does not regard the case of a repository. */
export function flowOf({ qualifiedRepo, className }: FlowMember): string {
  return className === undefined ? qualifiedRepo.toLowerCase() : `${qualifiedRepo.toLowerCase()} ${className}`;
}

/**
 * The share of a job that comes in line at `place`; undefined: there is no policy, and places are
 * the order. Where there is a policy no more, who comes stands behind all who were promised a share,
 * until those are past.
 */
export function beginShare(
  policy: Policy | undefined,
  { virtualTime, flows }: ShareBook,
  job: FlowMember & { readonly runnerCount: number },
  place: number,
): Share | undefined {
  if (policy === undefined) {
    const start = lastEnd({ virtualTime, flows });
    return start <= place ? undefined : { start, end: finishOf(start, job.runnerCount, 1) };
  }
  const { weight } = findFlowRules(policy, job.qualifiedRepo, job.className);
  const start = startOf(virtualTime?.at ?? place, flows?.[flowOf(job)]?.end);
  const end = finishOf(start, job.runnerCount, weight);
  return { start: Math.min(start, maxVirtualTime - 1), end: Math.min(end, maxVirtualTime) };
}

/**
 * How many jobs of one runner may still come in line before `share`: of a flow, as the book stands. For what it has in
 * line by now, others may come if that leaves: one for each runner.
 * @param flow null: one that is not in line
 */
export function countMayPass(
  { virtualTime, flows }: ShareBook,
  { start }: Share,
  flow: string | null,
  weight: number,
): number {
  const now = virtualTime?.at ?? 0;
  const known = flow === null ? undefined : flows?.[flow];
  const open = [[startOf(now, known?.end), start] as const, ...(known?.gone ?? [])];
  const ofOne = finishOf(0, 1, weight);
  const jobs = open.map(([from, until]) => Math.ceil((Math.min(until, start) - Math.max(from, now)) / ofOne));
  return jobs.reduce((sum, count) => sum + Math.max(0, count), 0);
}

/** The share of a job that wants more runners than it came for. One that wants fewer keeps its own. */
export function widenShare(
  policy: Policy | undefined,
  job: FlowMember & { readonly runnerCount: number },
  { start, end }: Share,
): Share {
  const { weight } = policy === undefined ? { weight: 1 } : findFlowRules(policy, job.qualifiedRepo, job.className);
  return { start, end: Math.max(end, Math.min(finishOf(start, job.runnerCount, weight), maxVirtualTime)) };
}

/** What the book needs to know of a job. */
export interface SharedJob extends FlowMember {
  readonly share?: Share | undefined;
  readonly isWaiting: boolean;
  readonly isClaimed: boolean;
  readonly isServed: boolean;
  /** it was let pass by all: that moves nobody's virtual time */
  readonly isExpedited: boolean;
}

/** The book once a job is another than it was; null: not known. The same book where nothing changes. */
export function followShare(book: ShareBook, before: SharedJob | null, after: SharedJob | null): ShareBook {
  const share = after?.share ?? before?.share;
  if (share === undefined) return book;
  const was = before !== null && (before.isWaiting || before.isClaimed) ? before : null;
  const is = after !== null && (after.isWaiting || after.isClaimed) ? after : null;
  const flow = flowOf(after ?? before ?? { qualifiedRepo: "" });
  const isClaimedNow = is?.isClaimed === true && was?.isClaimed !== true && !is.isExpedited;
  if (is !== null && was?.share?.start !== share.start) {
    const entered = enterShare(book, flow, share);
    return isClaimedNow ? advance(entered, share) : entered;
  }
  if (isClaimedNow) return advance(book, share);
  // it wants more runners than it came for
  const more = is === null ? 0 : share.end - (was?.share?.end ?? share.end);
  if (more > 0) return owe(book, flow, more);
  const hasLeft = was !== null && is === null && after?.isServed !== true;
  return hasLeft ? giveBack(book, flow, share) : book;
}

/** The book once a job has come in line. */
export function enterShare({ virtualTime, flows }: ShareBook, flow: string, { start, end }: Share): ShareBook {
  const time = virtualTime ?? { at: start };
  if (flows === null) return { virtualTime: time, flows };
  const known = flows[flow];
  const next = known !== undefined && known.end >= end ? flows : { ...flows, [flow]: { ...known, end } };
  return { virtualTime: time, flows: next };
}

/** Where the last one is promised to be served; 0: nobody is. */
function lastEnd({ virtualTime, flows }: ShareBook): number {
  let last = virtualTime?.at ?? 0;
  for (const name in flows) last = Math.max(last, flows[name]?.end ?? 0);
  return last;
}

/** The flow goes on later by so much. */
function owe({ virtualTime, flows }: ShareBook, flow: string, more: number): ShareBook {
  const known = flows?.[flow];
  if (flows === null || known === undefined) return { virtualTime, flows };
  return { virtualTime, flows: { ...flows, [flow]: { ...known, end: Math.min(known.end + more, maxVirtualTime) } } };
}

function advance({ virtualTime, flows }: ShareBook, { start }: Share): ShareBook {
  if (virtualTime !== null && virtualTime.at >= start) return { virtualTime, flows };
  return { virtualTime: { at: start }, flows };
}

function giveBack(book: ShareBook, flow: string, { start, end }: Share): ShareBook {
  const { virtualTime, flows } = book;
  const known = flows?.[flow];
  const now = virtualTime?.at ?? 0;
  if (flows === null || known === undefined || end <= now) return book;
  const gone = [...(known.gone ?? []), [start, end] as [number, number]].filter(([, until]) => until > now);
  let last = known.end;
  for (;;) {
    const at = gone.findIndex(([, until]) => until === last);
    if (at < 0) break;
    last = gone[at]?.[0] ?? last;
    gone.splice(at, 1);
  }
  const next = { end: last, ...(gone.length > 0 && { gone: gone.slice(-maxGone) }) };
  return { virtualTime, flows: { ...flows, [flow]: next } };
}

/** Flows that V has passed are like new ones: nobody has to remember them. */
export function withoutPassedFlows({ virtualTime, flows }: ShareBook): Flows | null {
  if (flows === null || virtualTime === null) return flows;
  const { at } = virtualTime;
  const names = Object.keys(flows);
  const kept = names.filter((name) => (flows[name]?.end ?? 0) > at);
  if (kept.length === names.length) return flows;
  return Object.fromEntries(kept.flatMap((name) => (flows[name] === undefined ? [] : [[name, flows[name]]])));
}
