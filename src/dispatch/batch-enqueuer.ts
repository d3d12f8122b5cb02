// Enqueue of many jobs in one request. In each line they stand together, and "not now" to one is
// "not now" to all: then nothing is enqueued.
//
//   look at every line --- something stands in the way ---> nothing was written
//     \---> count and book what is new ---> write line after line ---> answered
//                                             \--- a later line says no ---> what was begun
//                                                                            is cancelled
//
// A process that dies in between leaves jobs of which nobody has a ticket: nobody polls for them,
// and they are abandoned. Who asks again gets their places.
import type { Observe } from "../queue/events.ts";
import type { JobRequest, Ticket } from "../queue/job/job.ts";
import type { EnqueueReply } from "../queue/operations/enqueue.ts";
import { enqueueTogetherOperation, standsInTheWay, type TogetherReply } from "../queue/operations/enqueue-together.ts";
import type { EnqueueAnswer, EnqueueOptions } from "./enqueuer.ts";
import type { IdBooking } from "./id-booking.ts";
import type { Admission, JobLimits } from "./job-limits.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

export interface BatchItem {
  readonly request: JobRequest;
  readonly options: EnqueueOptions;
}

/** In the order of the items. */
export type BatchAnswer =
  | { readonly kind: "answered"; readonly answers: readonly EnqueueAnswer[] }
  /** Nothing was enqueued. What is not in the way of the others has no answer. */
  | { readonly kind: "none"; readonly answers: readonly (EnqueueAnswer | null)[] };

export interface BatchDeps {
  readonly runner: OperationRunner;
  readonly booking: IdBooking;
  readonly limits: JobLimits;
  /** every monitor was heard of since the store knows anything */
  readonly isFleetKnown: () => Promise<boolean>;
  /** why nobody can be in line of this profile; null: they can */
  readonly judgeProfile: (profileKey: string) => Promise<EnqueueAnswer | null>;
  readonly observe: Observe;
  /** takes a job out of line again, by its ticket */
  readonly cancel: (ticket: Ticket) => Promise<unknown>;
}

export type EnqueueTogether = (items: readonly BatchItem[], isAllWanted: boolean) => Promise<BatchAnswer>;

/** One job of the batch on its way. */
interface Entry extends BatchItem {
  answer: EnqueueAnswer | null;
  bookedAt: number;
  admission: Admission | null;
}

export function createBatchEnqueuer(deps: BatchDeps): EnqueueTogether {
  const { runner, booking, limits } = deps;

  const run = async (line: readonly Entry[], isKnown: boolean, isAllWanted: boolean): Promise<TogetherReply> => {
    const commands = line.map(({ request, options, bookedAt }) => ({
      ...options,
      request,
      bookedAt,
      isFleetKnown: isKnown,
    }));
    const profileKey = line[0]?.request.profileKey ?? "";
    return await runner.run(enqueueTogetherOperation(profileKey, commands, isAllWanted));
  };
  const book = async (entry: Entry, isAnew: boolean): Promise<void> => {
    const { uniqueId, profileKey } = entry.request;
    const booked = await booking.book(uniqueId, profileKey, isAnew);
    if (booked.kind === "booked") entry.bookedAt = booked.at;
    else entry.answer = { kind: booked.kind };
  };

  return async function enqueueTogether(items, isAllWanted) {
    const entries = items.map((item): Entry => ({ ...item, answer: null, bookedAt: 0, admission: null }));
    const isStopped = () => entries.some(({ answer }) => answer !== null && standsInTheWay(answer, isAllWanted));
    const begun: Ticket[] = [];
    const undo = async (): Promise<void> => {
      for (const ticket of begun) await deps.cancel(ticket);
      for (const { admission } of entries) await admission?.withdraw();
    };
    const none = async (): Promise<BatchAnswer> => {
      await undo();
      return { kind: "none", answers: entries.map(({ answer }) => answer) };
    };

    for (const [profileKey, line] of linesOf(entries)) {
      const answer = await deps.judgeProfile(profileKey);
      if (answer !== null) for (const entry of line) entry.answer = answer;
    }
    let isKnown = false;
    for (const [, line] of linesOf(entries)) {
      let { replies } = await run(line, isKnown, isAllWanted);
      if (!isKnown && replies.some(({ kind }) => kind === "fleet_unknown") && (await deps.isFleetKnown())) {
        isKnown = true;
        ({ replies } = await run(line, isKnown, isAllWanted));
      }
      note(line, replies);
    }
    if (isStopped()) return await none();

    try {
      for (const entry of entries.filter(({ answer }) => answer === null)) {
        entry.admission = await limits.admit(entry.request, entry.options.isCounted === true);
        if (entry.admission.refusal === null) continue;
        entry.answer = { kind: entry.admission.refusal };
        return await none();
      }
      const isNew = new Set(entries.filter(({ answer }) => answer === null));
      await Promise.all([...isNew].map((entry) => book(entry, false)));
      if (isStopped()) return await none();

      const lines = linesOf(entries.filter(({ answer }) => answer === null || answer.kind === "accepted"));
      for (const [, line] of lines) {
        let { isDone, replies } = await run(line, isKnown, isAllWanted);
        if (replies.some(({ kind }) => kind === "booking_too_old")) {
          await Promise.all(line.filter((entry) => isNew.has(entry)).map((entry) => book(entry, true)));
          if (isStopped()) return await none();
          ({ isDone, replies } = await run(line, isKnown, isAllWanted));
        }
        note(line, replies);
        if (!isDone) {
          // booked anew and yet too old: this process is slower than a commit may be
          for (const entry of line) entry.answer ??= { kind: "settling" };
          return await none();
        }
        for (const job of line.flatMap(ticketOfNew)) {
          begun.push(job);
          deps.observe({ kind: "enqueued", job });
        }
      }
      for (const { answer, admission } of entries) if (answer?.kind !== "accepted") await admission?.withdraw();
      return { kind: "answered", answers: entries.flatMap(({ answer }) => (answer === null ? [] : [answer])) };
    } catch (error) {
      // the store is away: what cannot be undone now is abandoned, for nobody polls for it
      await undo().catch(() => {});
      throw error;
    }
  };
}

/** By profile, always in the same order: of two batches that fill the same lines one wins. */
function linesOf(entries: readonly Entry[]): [profileKey: string, line: Entry[]][] {
  const lines = Map.groupBy(
    entries.filter(({ answer }) => answer === null || answer.kind === "accepted"),
    ({ request }) => request.profileKey,
  );
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What is new has no answer until it is written. */
function note(line: readonly Entry[], replies: readonly EnqueueReply[]): void {
  for (const [at, reply] of replies.entries()) {
    const entry = line[at];
    if (entry !== undefined) entry.answer = reply.kind === "booking_too_old" ? null : reply;
  }
}

function ticketOfNew({ request, answer }: Entry): Ticket[] {
  if (answer?.kind !== "accepted" || !answer.isNew) return [];
  return [{ ...request, className: answer.className, place: answer.place, share: answer.share }];
}
