// What happened in a profile: every change of a job's state and every act of an operator, newest last, in a list that forgets its beginning.
// Stores write an entry in the same step as the change itself.
import { z } from "zod";
import type { Act } from "./acts.ts";
import { enqueuedAt, type Job } from "./job.ts";
import type { ActRequest } from "./ports.ts";

/** How many entries a profile's history keeps (Redis may keep some more). */
export const historyLength = 2_000;

export const happenings = [
  "queued",
  /** brought back by its ticket: the store had lost it */
  "readmitted",
  "claimed",
  "taken",
  "failed",
  "abandoned",
  "cancelled",
  "drained",
  "resumed",
  "paused",
  "unpaused",
] as const;
export type Happening = (typeof happenings)[number];

/** Lua leaves out what is empty; so do we. */
export const historyEntrySchema = z.object({
  at: z.number(),
  what: z.enum(happenings),
  id: z.string().optional(),
  repo: z.string().optional(),
  run: z.string().optional(),
  count: z.number().optional(),
  attempts: z.number().optional(),
  /** since it was enqueued, ms */
  waitedMs: z.number().optional(),
  /** of a claim: whom it asks. Of an act: at whose runners it is aimed */
  monitors: z.array(z.string()).optional(),
  /** of a taken job: `monitor/id` each */
  runners: z.array(z.string()).optional(),
  by: z.string().optional(),
  note: z.string().optional(),
  /** of an act: when it ends by itself */
  until: z.number().optional(),
});
export type HistoryEntry = z.infer<typeof historyEntrySchema>;

/** The entry for a job that was just saved in a state that it was not in before. `by`: the operator who did it. `isReadmitted`: the store had nothing of it, and nobody enqueued it. */
export function describeChange(
  uniqueId: string,
  job: Job,
  isReadmitted: boolean,
  by: string | null,
  now: number,
): HistoryEntry {
  const names = job.known ?? [];
  return {
    at: now,
    what: isReadmitted && job.state === "queued" ? "readmitted" : job.state,
    id: uniqueId,
    repo: job.repo,
    run: job.run,
    count: job.count,
    attempts: job.attempts,
    waitedMs: now - enqueuedAt(job.place),
    ...(job.state === "claimed" &&
      job.claim !== undefined && { monitors: job.claim.legs.map(({ monitor }) => monitor) }),
    ...(by !== null && { by }),
    // what was given out is named last
    ...(job.state === "taken" && { runners: names.slice(-job.count) }),
  };
}

/** What an operator's wish becomes: the last word from now on (an end is an act whose time is over), and its entry in the history. */
export function describeAct(
  { kind, by, note, until }: ActRequest,
  begun: Happening,
  ended: Happening,
  monitors: readonly string[],
  now: number,
): { readonly act: Act; readonly entry: HistoryEntry } {
  const isBegun = kind === "begin";
  const entry = {
    at: now,
    what: isBegun ? begun : ended,
    by,
    note,
    ...(isBegun && until !== null && { until }),
    ...(monitors.length > 0 && { monitors: [...monitors] }),
  };
  return { act: { by, note, at: now, until: isBegun ? until : now }, entry };
}
