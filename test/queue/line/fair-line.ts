// One shared line by the production's rules, with everything that moves its books: jobs that come, of one runner and of
// more, claims that are refused and go back, jobs that leave unserved, repositories that were never seen before. When
// a job comes, what `explain` would say of it is noted; when it is claimed first, that is looked at again.
import { orderOf } from "../../../src/queue/line/line.ts";
import {
  beginShare,
  countMayPass,
  flowOf,
  followShare,
  noFlows,
  type Share,
  type ShareBook,
  withoutPassedFlows,
} from "../../../src/queue/line/shares.ts";
import { findFlowRules, heaviestWeight } from "../../../src/queue/policy/flow-rules.ts";
import type { Policy } from "../../../src/queue/policy/policy.ts";

export interface LineJob {
  readonly qualifiedRepo: string;
  readonly className?: string | undefined;
  readonly runnerCount: number;
}

interface Standing extends LineJob {
  readonly flow: string;
  readonly place: number;
  readonly share: Share;
  readonly order: string;
  /** by flow: how many of it were claimed when it came, and how many more may be before it is: those ahead, by runners */
  readonly bounds: ReadonlyMap<string, { readonly claimed: number; readonly more: number }>;
  /** the same of any flow that was not in line */
  readonly ofNewcomer: number;
  readonly claimedBefore: number;
  wasClaimed: boolean;
}

type Moved = "waiting" | "claimed" | "served" | "gone";

export interface FairLine {
  readonly length: number;
  enqueue(job: LineJob): void;
  /** The first in line is claimed; `isRefused`: it goes back to its place. Says whose turn it was. */
  claim(isRefused: boolean): LineJob | null;
  /** Of those that were never claimed, one leaves. @param pick from 0 up to 1 */
  leave(pick: number): void;
  /** Sentences: whoever was passed by more than it was told, or by one of its own flow. */
  readonly broken: readonly string[];
  readonly looked: number;
}

export function createFairLine(policy: Policy): FairLine {
  let book: ShareBook = { virtualTime: null, flows: noFlows };
  let places = 1_795_000_000_000_000;
  /** by flow, in order: within a flow nobody passes */
  const lines = new Map<string, Standing[]>();
  const claimed = new Map<string, number>();
  const lastPlace = new Map<string, number>();
  /** of the one that was claimed last */
  const lastShare = new Map<string, Share>();
  const broken: string[] = [];
  const costInLine = new Map<string, number>();
  let length = 0;
  let looked = 0;
  let claims = 0;

  const move = (job: Standing, before: Moved | null, after: Moved): void => {
    book = followShare(book, before === null ? null : sharedAs(job, before), sharedAs(job, after));
    book = { ...book, flows: withoutPassedFlows(book) };
  };
  const remove = (job: Standing): void => {
    const line = lines.get(job.flow) ?? [];
    line.splice(line.indexOf(job), 1);
    if (line.length === 0) lines.delete(job.flow);
    costInLine.set(job.flow, (costInLine.get(job.flow) ?? 0) - costOf(job.share));
    length -= 1;
  };
  const boundsOf = (share: Share, order: string, own: string): Standing["bounds"] => {
    const bounds = new Map<string, { claimed: number; more: number }>();
    for (const [flow, line] of lines) {
      const [one] = line;
      if (one === undefined || flow === own) continue;
      const ahead = line.filter((other) => other.order < order && !other.wasClaimed);
      const { weight } = findFlowRules(policy, one.qualifiedRepo, one.className);
      bounds.set(flow, {
        claimed: claimed.get(flow) ?? 0,
        more: sum(ahead.map(({ runnerCount }) => runnerCount)) + countMayPass(book, share, flow, weight),
      });
    }
    return bounds;
  };
  const look = (job: Standing): void => {
    looked += 1;
    if (job.place < (lastPlace.get(job.flow) ?? 0)) broken.push(`${job.flow}: ${job.place} was passed by its own flow`);
    lastPlace.set(job.flow, job.place);
    for (const [flow, { claimed: before, more }] of job.bounds) {
      const passed = (claimed.get(flow) ?? 0) - before;
      if (passed > more) broken.push(`${job.flow} ${job.place}: ${passed} of ${flow}, where ${more} were told`);
    }
    for (const [flow, { first, count }] of newcomersSince(job)) {
      if (count > job.ofNewcomer) {
        broken.push(
          `${job.flow} ${job.place}: ${count} of ${flow}, new at ${first}, where ${job.ofNewcomer} were told`,
        );
      }
    }
  };
  /** claims of flows that were not in line when the job came */
  const claimLog = new Map<string, { readonly at: number; readonly flow: string }[]>();
  const newcomersSince = (job: Standing): Map<string, { first: number; count: number }> => {
    const since = new Map<string, { first: number; count: number }>();
    for (const [flow, log] of claimLog) {
      if (flow === job.flow || job.bounds.has(flow)) continue;
      let count = 0;
      for (let at = log.length - 1; at >= 0 && (log[at]?.at ?? 0) > job.claimedBefore; at--) count += 1;
      if (count > 0) since.set(flow, { first: log[log.length - count]?.at ?? 0, count });
    }
    return since;
  };
  const noteClaimed = ({ flow, share }: Standing): void => {
    claims += 1;
    lastShare.set(flow, share);
    claimed.set(flow, (claimed.get(flow) ?? 0) + 1);
    const log = claimLog.get(flow) ?? [];
    log.push({ at: claims, flow });
    // nobody waits for as long as a thousand claims of one flow
    if (log.length > 2_000) log.splice(0, 1_000);
    claimLog.set(flow, log);
  };
  const first = (): Standing | null => {
    let best: Standing | null = null;
    for (const [one] of lines.values()) if (one !== undefined && (best === null || one.order < best.order)) best = one;
    return best;
  };

  return {
    get length() {
      return length;
    },
    enqueue: (asked) => {
      places += 1;
      const share = beginShare(policy, book, asked, places);
      if (share === undefined) throw new Error("there is a policy");
      const flow = flowOf(asked);
      // design: for each of its own flow ahead of it, for the last one served, and for what leaves holes in its middle
      const behind = share.start - Math.max(book.virtualTime?.at ?? share.start, lastShare.get(flow)?.start ?? 0);
      const gone = book.flows?.[flow]?.gone ?? [];
      const cost = (costInLine.get(flow) ?? 0) + costOf(lastShare.get(flow)) + sum(gone.map(([from, to]) => to - from));
      if (behind > cost) broken.push(`${flow}: a job begins ${behind} behind the line, and its own cost ${cost}`);
      const order = orderOf({ place: places, share });
      const line = lines.get(flow) ?? [];
      const job: Standing = {
        ...asked,
        flow,
        place: places,
        share,
        order,
        bounds: boundsOf(share, order, flow),
        ofNewcomer: countMayPass(book, share, null, heaviestWeight(policy)),
        claimedBefore: claims,
        wasClaimed: false,
      };
      line.push(job);
      costInLine.set(flow, (costInLine.get(flow) ?? 0) + costOf(share));
      lines.set(flow, line);
      length += 1;
      move(job, null, "waiting");
    },
    claim: (isRefused) => {
      const job = first();
      if (job === null) return null;
      if (!job.wasClaimed) {
        look(job);
        noteClaimed(job);
      }
      job.wasClaimed = true;
      move(job, "waiting", "claimed");
      if (isRefused) {
        move(job, "claimed", "waiting");
      } else {
        move(job, "claimed", "served");
        remove(job);
      }
      return job;
    },
    leave: (pick) => {
      const waiting = [...lines.values()].flat().filter(({ wasClaimed }) => !wasClaimed);
      const job = waiting[Math.floor(pick * waiting.length)];
      if (job === undefined) return;
      move(job, "waiting", "gone");
      remove(job);
    },
    broken,
    get looked() {
      return looked;
    },
  };
}

function costOf(share: Share | undefined): number {
  return share === undefined ? 0 : share.end - share.start;
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, one) => total + one, 0);
}

function sharedAs({ qualifiedRepo, className, share }: Standing, moved: Moved) {
  return {
    qualifiedRepo,
    className,
    share,
    isWaiting: moved === "waiting",
    isClaimed: moved === "claimed",
    isServed: moved === "served",
    isExpedited: false,
  };
}
