// One id is one job, over all profiles and whatever its case: a monitor names a job in a label, and
// GitHub compares labels without regard to case. The booking of an id lives in another part of the
// store than its job:
//
//   free --- booked ---> pending --- its job is committed ---> used
//   used --- the job is over ---> may be taken over
//   pending --- twice a commit's longest age, and no job came ---> may be taken over
//   used --- the job ended without runners ---> forgotten with its tombstone
import { z } from "zod";
import { isIdFree } from "../queue/job/tombstone.ts";
import { inspectOperation } from "../queue/operations/inspect.ts";
import { maxCommitAgeMs, type QueueSettings } from "../queue/settings.ts";
import type { Documents } from "./running/documents.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

const bookingSchema = z.object({ uniqueId: z.string(), profileKey: z.string() });
export type Booking = z.infer<typeof bookingSchema>;

export type BookReply =
  | { readonly kind: "booked"; readonly at: number }
  /** "settling": who has it may be about to use it, or a monitor may still be at work for it */
  | { readonly kind: "conflict" | "settling" };

export interface IdBooking {
  /**
   * Books an id for a profile. `isAnew`: a new job begins, so that nobody may take it over for a
   * while.
   */
  book(uniqueId: string, profileKey: string, isAnew: boolean): Promise<BookReply>;
  /** Its job is over, and known for so long: nobody needs the booking after that. */
  limit(uniqueId: string, profileKey: string, keptForMs: number): Promise<void>;
  /** The profile under which an id was enqueued, if any is known. */
  findProfile(uniqueId: string): Promise<string | null>;
  /** Who has the id, in whatever case it is written: as GitHub compares labels. */
  find(uniqueId: string): Promise<Booking | null>;
}

const minKeptForMs = 24 * 3_600_000;

/**
 * How long it is remembered under which profile an id was enqueued: whoever remembers the job finds
 * it by its id.
 */
export function bookingKeptForMs(
  settings: Pick<QueueSettings, "rerunMemoryMs" | "tombstoneTtlMs" | "ticketMaxAgeMs">,
): number {
  const { rerunMemoryMs, tombstoneTtlMs, ticketMaxAgeMs } = settings;
  return Math.max(minKeptForMs, rerunMemoryMs, tombstoneTtlMs + ticketMaxAgeMs);
}

const nameOf = (uniqueId: string) => `id/${uniqueId.toLowerCase()}`;

/** @param keptForMs how long it is remembered where an id belongs */
export function createIdBooking(documents: Documents, runner: OperationRunner, keptForMs: number): IdBooking {
  /** Whether another booking may be taken over. */
  const decideOther = async ({ uniqueId, profileKey }: Booking): Promise<"free" | "conflict" | "settling"> => {
    const reply = await runner.run(inspectOperation(profileKey, uniqueId, null));
    if (reply.kind === "unknown") return "free";
    const use = isIdFree(reply.job);
    if (use === "free" || use === "settling") return use;
    return "conflict";
  };

  return {
    book: async (uniqueId, profileKey, isAnew) => {
      const mine: Booking = { uniqueId, profileKey };
      let isTakenOver = false;
      for (;;) {
        let other: Booking | null = null;
        let isYoung = false;
        const decide = (known: Booking | null, now: number, writtenAt: number): Booking | null => {
          const isMine = known === null || isSame(known, mine);
          other = isMine ? null : known;
          isYoung = now - writtenAt < 2 * maxCommitAgeMs && now >= writtenAt;
          if (isMine) return known === null || isAnew ? mine : null;
          return isTakenOver && !isYoung ? mine : null;
        };
        // nearly every id is new: one trip, where looking first would be two
        const isProbablyNew = isAnew && !isTakenOver;
        const read = await documents.change(nameOf(uniqueId), bookingSchema, keptForMs, decide, isProbablyNew);
        if (other === null || (read.value !== null && isSame(read.value, mine)))
          return { kind: "booked", at: read.writtenAt };
        const verdict = await decideOther(other);
        if (verdict !== "free") return { kind: verdict };
        // its job may be on the way
        if (isYoung) return { kind: "settling" };
        isTakenOver = true;
      }
    },
    limit: async (uniqueId, profileKey, keptForMs) => {
      const mine: Booking = { uniqueId, profileKey };
      await documents.change(nameOf(uniqueId), bookingSchema, keptForMs, (known) =>
        known !== null && isSame(known, mine) ? known : null,
      );
    },
    find: async (uniqueId) => (await documents.read(nameOf(uniqueId), bookingSchema)).value,
    findProfile: async (uniqueId) => {
      const { value } = await documents.read(nameOf(uniqueId), bookingSchema);
      return value?.uniqueId === uniqueId ? value.profileKey : null;
    },
  };
}

function isSame(a: Booking, b: Booking): boolean {
  return a.uniqueId === b.uniqueId && a.profileKey === b.profileKey;
}
