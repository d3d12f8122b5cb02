// What all instances know of a monitor that fetches its takes, beside its profiles' rows: which boot
// of it speaks, when it was heard, and which call of it is under way.
//
// A new boot wins at once, and those that it superseded are known for a while: a process that was
// only paused must not go on as if nothing had happened.
import { z } from "zod";
import type { MonitorOrder } from "./pulled-legs.ts";

export const pullRecordSchema = z.object({
  boot: z.string(),
  /** when this boot was heard first (store clock, ms); later boots have later ones */
  bootAt: z.number(),
  /** superseded ones, the last one first */
  formerBoots: z.array(z.string()),
  /** the latest of those that were written down */
  seq: z.number(),
  /** when the fetch came that was written down last, and until when it declared to be there */
  fetchedAt: z.number(),
  presentUntil: z.number(),
  /** what it lists as reserved, as a digest: the list itself is another document */
  reservations: z.string(),
  /** somebody needs a fetch that comes after this, ms */
  wantedAt: z.number(),
  /** it lists runners also after their legs were acknowledged: one that it lists no more is gone */
  listsAll: z.boolean().optional(),
  /** a fetch with a key: until when another one with it has to come back */
  inFlight: z.object({ key: z.string(), callId: z.string(), until: z.number() }).optional(),
});
export type PullRecord = z.infer<typeof pullRecordSchema>;

const maxFormerBoots = 16;

export interface FetchHeard {
  readonly boot: string;
  readonly seq: number;
  readonly waitMs: number;
  /** a digest */
  readonly reservations: string;
  readonly listsAll: boolean;
  readonly key: string | null;
  /** unique to this call */
  readonly callId: string;
}

export type HeardReply =
  /** `isChanged`: it has to be written down */
  | { readonly kind: "heard"; readonly pull: PullRecord; readonly isChanged: boolean }
  | { readonly kind: "superseded" }
  | { readonly kind: "in_flight" };

/** Whether a boot speaks for the monitor; a new one does from now on. */
export function hearBoot(known: PullRecord | undefined, boot: string, now: number): PullRecord | null {
  if (known === undefined) {
    return { boot, bootAt: now, formerBoots: [], seq: 0, fetchedAt: 0, presentUntil: 0, reservations: "", wantedAt: 0 };
  }
  if (known.boot === boot) return known;
  if (known.formerBoots.includes(boot)) return null;
  const { inFlight: _, listsAll: __, ...rest } = known;
  const formerBoots = [known.boot, ...known.formerBoots].slice(0, maxFormerBoots);
  return { ...rest, boot, bootAt: Math.max(now, known.bootAt + 1), formerBoots, seq: 0 };
}

/** The record once a fetch came. It is written down where it says something new, or is held. */
export function hearFetch(
  known: PullRecord | undefined,
  heard: FetchHeard,
  now: number,
  pullPresenceMs: number,
): HeardReply {
  const { boot, seq, waitMs, key, callId, reservations } = heard;
  const pull = hearBoot(known, boot, now);
  if (pull === null) return { kind: "superseded" };
  const { inFlight } = pull;
  const isInFlight = key !== null && inFlight?.key === key && inFlight.callId !== callId && inFlight.until > now;
  if (isInFlight) return { kind: "in_flight" };
  const listsAll = pull.listsAll === true || heard.listsAll;
  const isChanged =
    pull !== known ||
    waitMs > 0 ||
    key !== null ||
    (reservations !== pull.reservations && seq >= pull.seq) ||
    listsAll !== (pull.listsAll === true) ||
    pull.wantedAt >= pull.fetchedAt ||
    now - pull.fetchedAt >= pullPresenceMs / 5 ||
    pull.fetchedAt > now;
  if (!isChanged) return { kind: "heard", pull, isChanged };
  const isNewest = seq >= pull.seq;
  return {
    kind: "heard",
    isChanged,
    pull: {
      ...pull,
      seq: Math.max(seq, pull.seq),
      ...(isNewest && { fetchedAt: now, presentUntil: now + waitMs + 1.2 * pullPresenceMs, reservations }),
      ...(listsAll && { listsAll }),
      ...(key !== null && { inFlight: { key, callId, until: now + Math.min(waitMs, keyRenewedMs) + keyKeptMs } }),
    },
  };
}

/** A held fetch renews its key so often, ms. */
export const keyRenewedMs = 5_000;
/** One that died with its instance keeps its key for so long after that, ms. */
const keyKeptMs = 5_000;

/** The record while a call with a key is held; null: it has its answer. */
export function renewCall(pull: PullRecord, callId: string, now: number): PullRecord | null {
  if (pull.inFlight?.callId !== callId) return null;
  return { ...pull, inFlight: { ...pull.inFlight, until: now + keyRenewedMs + keyKeptMs } };
}

/** The record once a call with a key has its answer. */
export function endCall(pull: PullRecord, callId: string): PullRecord | null {
  if (pull.inFlight?.callId !== callId) return null;
  const { inFlight: _, ...rest } = pull;
  return rest;
}

export function orderOfCall({ bootAt }: PullRecord, seq: number): MonitorOrder {
  return { bootAt, seq };
}
