// What keeps a stranger from spending GitHub's hourly budget (5,000 requests). Look-ups that prove
// nothing are counted for each caller and over all of them; those that prove something are counted
// for their run, for anybody who may start a run can upload artifacts by the thousand. Counts melt
// away with time (a leaky bucket).

import { LRUCache } from "lru-cache";
import { growingTo } from "../bounded-cache.ts";

export interface LookupLimits {
  /** Counts a look-up of this caller for this run, or says how many seconds to wait. */
  begin(
    caller: string,
    run: string,
  ): { readonly kind: "go" } | { readonly kind: "caller" | "all"; readonly retryAfterSeconds: number };
  /**
   * The look-up proved what it should, or GitHub failed it: it does not count against the caller.
   */
  forgive(caller: string): void;
  /** It proved something: it counts for its run. */
  charge(run: string): void;
}

interface Bucket {
  level: number;
  at: number;
}

export const lookupLimits = {
  /** refused look-ups of one caller at once, and how many melt away in a minute */
  caller: { size: 100, perMinute: 10 },
  /**
   * the same over all callers: at most 500 + 1,500 refusals in an hour, a third of the budget at
   * one or two requests each
   */
  all: { size: 500, perMinute: 25 },
  /** proven look-ups of one run: a matrix has at most 256 jobs */
  run: { size: 300, perMinute: 10 },
  /** callers, and runs, remembered; the longest silent one is forgotten first */
  remembered: 10_000,
} as const;

/** @param now ms since 1970 */
export function createLookupLimits(now: () => number): LookupLimits {
  const callers = new LRUCache<string, Bucket>(growingTo(lookupLimits.remembered));
  const runs = new LRUCache<string, Bucket>(growingTo(lookupLimits.remembered));
  const all: Bucket = { level: 0, at: now() };

  const levelOf = (bucket: Bucket, perMinute: number): number => {
    const at = now();
    bucket.level = Math.max(0, bucket.level - ((at - bucket.at) * perMinute) / 60_000);
    bucket.at = at;
    return bucket.level;
  };
  /** Seconds until there is room for one more. */
  const waitFor = (bucket: Bucket, { size, perMinute }: { size: number; perMinute: number }): number =>
    Math.ceil(Math.max(0, levelOf(bucket, perMinute) + 1 - size) * (60 / perMinute));

  const bucketOf = (buckets: LRUCache<string, Bucket>, key: string): Bucket => {
    const bucket = buckets.get(key) ?? { level: 0, at: now() };
    buckets.set(key, bucket);
    return bucket;
  };

  return {
    begin: (caller, run) => {
      const own = bucketOf(callers, caller);
      const ownWait = Math.max(waitFor(own, lookupLimits.caller), waitFor(bucketOf(runs, run), lookupLimits.run));
      if (ownWait > 0) return { kind: "caller", retryAfterSeconds: ownWait };
      const allWait = waitFor(all, lookupLimits.all);
      if (allWait > 0) return { kind: "all", retryAfterSeconds: allWait };
      own.level += 1;
      all.level += 1;
      return { kind: "go" };
    },
    forgive: (caller) => {
      const own = callers.get(caller);
      if (own !== undefined) own.level = Math.max(0, own.level - 1);
      all.level = Math.max(0, all.level - 1);
    },
    charge: (run) => {
      const bucket = bucketOf(runs, run);
      bucket.level = levelOf(bucket, lookupLimits.run.perMinute) + 1;
    },
  };
}
