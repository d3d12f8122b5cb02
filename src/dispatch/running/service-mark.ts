// Renews the mark that says since when somebody could be heard without a break, and since when the
// store's clock was not set (queue/line/interruption.ts). Every serving instance renews it once a
// second; whoever finds it old, or sees the clock jump, renews it before deciding anything.
import { z } from "zod";
import type { Clock } from "../../clock.ts";
import {
  type ClockLead,
  hasJumped,
  isInterrupted,
  leadOf,
  renewMark,
  type ServiceMark,
} from "../../queue/line/interruption.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { Documents } from "./documents.ts";

const markSchema = z.object({ at: z.number(), since: z.number(), clockSince: z.number().default(0) });

/** A lead that is known less exactly is not compared with later ones, ms. */
const maxSpreadMs = 1_000;

export interface ServiceMarkKeeper {
  /** Since when somebody could be heard without a break, ms on the store's clock. */
  readonly since: number;
  /** Since when the store's clock was not set, ms on itself; 0: it never was. */
  readonly clockSince: number;
  /**
   * Whether nothing hints at a break before the store's `now`, nor at a clock that was set.
   * @param askedAt this process's clock when it asked for that
   */
  isGood(now: number, askedAt: number): boolean;
  /** Renews the mark; throws StoreUnavailable. */
  renew(): Promise<void>;
  /**
   * Whether a clock is ours, or one of before it. One that is neither may be newer: another
   * instance saw that the clock was set.
   */
  knowsClock(clockSince: number): boolean;
  /** Makes ours the newest clock; these and all others are of before then. */
  learnClocks(clocks: readonly number[]): Promise<void>;
}

/**
 * @param onBreak called when a break was found: for how long nobody was heard, ms (negative where
 * the clock was set back)
 */
export function createServiceMark(
  documents: Documents,
  settings: QueueSettings,
  onBreak: (silentMs: number) => void,
  clock: Pick<Clock, "now">,
): ServiceMarkKeeper {
  let mark: ServiceMark | null = null;
  let lead: ClockLead | null = null;
  let underWay: Promise<void> | undefined;
  /** 0: of before the clock was ever set */
  const earlierClocks = new Set([0]);

  const note = (seen: ClockLead): void => {
    if (lead === null || seen.max - seen.min <= maxSpreadMs) lead = seen;
  };
  const renew = async (): Promise<void> => {
    const askedAt = clock.now();
    let silentMs: number | null = null;
    let seen: ClockLead | null = null;
    const { value } = await documents.change("served", markSchema, null, (stored, now) => {
      // a store that lost its memory knows nothing of a break, and an instance that outlived the
      // loss does
      const known = stored ?? mark;
      seen = leadOf(now, askedAt, clock.now());
      // once is enough: where others wrote it down and serve since, it is known
      const isRenewedByOthers = mark !== null && known?.clockSince !== mark.clockSince;
      const isToldAlready = isRenewedByOthers && !isInterrupted(known, now, settings);
      const isClockSet = lead !== null && hasJumped(lead, seen) && !isToldAlready;
      const renewed = renewMark(known, now, isClockSet, settings);
      silentMs = known !== null && renewed.since !== known.since ? now - known.at : null;
      return renewed;
    });
    if (mark !== null) earlierClocks.add(mark.clockSince);
    mark = value;
    lead = seen;
    if (silentMs !== null) onBreak(silentMs);
  };
  const renewTogether = (): Promise<void> => {
    underWay ??= renew().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  return {
    get since() {
      return mark?.since ?? 0;
    },
    get clockSince() {
      return mark?.clockSince ?? 0;
    },
    isGood: (now, askedAt) => {
      const seen = leadOf(now, askedAt, clock.now());
      if (isInterrupted(mark, now, settings) || (lead !== null && hasJumped(lead, seen))) return false;
      note(seen);
      return true;
    },
    renew: renewTogether,
    knowsClock: (clockSince) => clockSince === (mark?.clockSince ?? 0) || earlierClocks.has(clockSince),
    learnClocks: async (clocks) => {
      // one that is under way may have read the mark before these clocks were written
      await underWay;
      await renewTogether();
      for (const clockSince of clocks) earlierClocks.add(clockSince);
    },
  };
}
