// What may be told of a run, as plain data: what clients heard, what monitors did, what was written
// to the store. The invariants are checked on it. Tell as much as a run can know; what is not told
// is not checked.
import type { Ticket } from "../../src/queue/job/job.ts";
import type { CommitPart, Loaded } from "../../src/queue/store.ts";

/** What a client heard of its take. */
export type Heard =
  /** 503 of a queue that serves. `retryAfterMs`: when it was told to come back, if that is known */
  | { readonly kind: "wait"; readonly retryAfterMs?: number }
  /**
   * 200. `runners`: the names ("monitor/id") of those that it lists; none where taking failed for
   * good (`null`)
   */
  | { readonly kind: "answer"; readonly bytes: string; readonly runners: readonly string[] }
  /** 404 */
  | { readonly kind: "over" }
  /** 503 of a queue that could not look: the store was away. It says nothing about the job */
  | { readonly kind: "away" };

type Told =
  /** an enqueue was accepted, for the first time or again. `askedAt`: when it came in, if before */
  | { readonly kind: "enqueued"; readonly ticket: Ticket; readonly askedAt?: number }
  /** what a take was answered, told when it left the queue; also where the client never gets it */
  | {
      readonly kind: "answered";
      readonly ticket: Pick<Ticket, "uniqueId" | "place">;
      /** when the request came in, true time */
      readonly askedAt: number;
      readonly heard: Heard;
    }
  /** a take is held: its client is present until it is answered or leaves */
  | { readonly kind: "held"; readonly ticket: Pick<Ticket, "uniqueId" | "place"> }
  /** the client of a held take hung up, or stopped asking: it is not present any more */
  | { readonly kind: "left"; readonly ticket: Pick<Ticket, "uniqueId" | "place"> }
  /** a monitor put the job's label on a runner ("monitor/id") */
  | { readonly kind: "reserved"; readonly runner: string; readonly uniqueId: string }
  /** a reserved runner is no more: used up or destroyed */
  | { readonly kind: "gone"; readonly runner: string }
  /** a part of a commit was written, whether or not anybody heard of it */
  | {
      readonly kind: "committed";
      readonly profileKey: string;
      readonly part: CommitPart;
      /** monitors that the instance which decided it knows */
      readonly reach: readonly string[];
    }
  /** a profile's epoch began: jobs of before need evidence. `lostAt` is on the store's clock */
  | { readonly kind: "epoch_began"; readonly profileKey: string; readonly lostAt: number }
  /** the store lost some of its memory, or all of it */
  | { readonly kind: "store_lost" }
  /** what it still has of a profile after that, as it says itself; of none: nothing */
  | {
      readonly kind: "store_kept";
      readonly profileKey: string;
      readonly loaded: Pick<Loaded, "listed" | "fleet" | "head">;
    }
  /** the store's clock was set: times that it wrote before are of another clock */
  | { readonly kind: "clock_set" }
  /**
   * nobody could be heard from now on: no instance served, or the store was away; and again they
   * could
   */
  | { readonly kind: "deaf" | "hearing" }
  /** from now on there is trouble; and from now on there is none */
  | { readonly kind: "trouble" | "calm" }
  /**
   * how a profile truly stands: runners that are idle, and that all monitors keep, at monitors that
   * would give them
   */
  | { readonly kind: "looked"; readonly profileKey: string; readonly idle: number; readonly target: number };

/** `at`: true time in ms, which is never set back, whatever the clocks of the run show. */
export type Happening = Told & { readonly at: number };
