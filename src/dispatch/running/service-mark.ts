// Renews the mark that says since when somebody could be heard without a break
// (queue/interruption.ts). Every serving instance renews it once a second; whoever finds it old
// renews it before deciding anything about presence.
import { z } from "zod";
import { isInterrupted, renewMark, type ServiceMark } from "../../queue/line/interruption.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { Documents } from "./documents.ts";

const markSchema = z.object({ at: z.number(), since: z.number() });

export interface ServiceMarkKeeper {
  /** Since when somebody could be heard without a break, ms on the store's clock. */
  readonly since: number;
  /** Whether nothing hints at a break before `now`. */
  isGood(now: number): boolean;
  /** Renews the mark; throws StoreUnavailable. */
  renew(): Promise<void>;
}

/**
 * @param onBreak called when a break was found: for how long nobody was heard, ms (negative where
 * the clock was set back)
 */
export function createServiceMark(
  documents: Documents,
  settings: QueueSettings,
  onBreak: (silentMs: number) => void,
): ServiceMarkKeeper {
  let mark: ServiceMark | null = null;
  let underWay: Promise<void> | undefined;

  const renew = async (): Promise<void> => {
    let silentMs: number | null = null;
    const { value } = await documents.change("served", markSchema, null, (stored, now) => {
      // a store that lost its memory knows nothing of a break, and an instance that outlived the
      // loss does
      const known = stored ?? mark;
      silentMs = known !== null && isInterrupted(known, now, settings) ? now - known.at : null;
      return renewMark(known, now, settings);
    });
    mark = value;
    if (silentMs !== null) onBreak(silentMs);
  };
  return {
    get since() {
      return mark?.since ?? 0;
    },
    isGood: (now) => !isInterrupted(mark, now, settings),
    renew: () => {
      underWay ??= renew().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
  };
}
