// What keeps a stranger from spending GitHub's hourly budget (5,000 requests): look-ups that end in a proof cost nothing, those that end in
// a refusal are counted, for each caller and over all of them. Counts melt away with time (a leaky bucket, RFC 2475's policer turned around).

export interface LookupLimits {
  /** Counts a look-up of this caller, or says how many seconds to wait. */
  begin(
    caller: string,
  ): { readonly kind: "go" } | { readonly kind: "caller" | "all"; readonly retryAfterSeconds: number };
  /** The look-up was honest, or GitHub failed it: it is not counted. */
  forgive(caller: string): void;
}

interface Bucket {
  level: number;
  at: number;
}

export const lookupLimits = {
  /** refused look-ups of one caller at once, and how many melt away in a minute */
  caller: { size: 100, perMinute: 10 },
  /** the same over all callers: at most 500 + 1,500 refusals in an hour, a third of the budget at one or two requests each */
  all: { size: 500, perMinute: 25 },
  /** callers remembered; the longest silent one is forgotten first */
  callers: 10_000,
} as const;

/** @param now ms since 1970 */
export function createLookupLimits(now: () => number): LookupLimits {
  const callers = new Map<string, Bucket>();
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

  return {
    begin: (caller) => {
      const own = callers.get(caller) ?? { level: 0, at: now() };
      const ownWait = waitFor(own, lookupLimits.caller);
      if (ownWait > 0) return { kind: "caller", retryAfterSeconds: ownWait };
      const allWait = waitFor(all, lookupLimits.all);
      if (allWait > 0) return { kind: "all", retryAfterSeconds: allWait };
      own.level += 1;
      all.level += 1;
      callers.delete(caller);
      if (callers.size >= lookupLimits.callers) callers.delete(callers.keys().next().value ?? "");
      callers.set(caller, own);
      return { kind: "go" };
    },
    forgive: (caller) => {
      const own = callers.get(caller);
      if (own !== undefined) own.level = Math.max(0, own.level - 1);
      all.level = Math.max(0, all.level - 1);
    },
  };
}
