// The last jobs that something happened to, each with a word about it. What is told twice (two settlements may both find a job taken) is thereby
// counted once, at least in this process. Bounded: the oldest are forgotten.
import type { Ticket } from "../queue/job.ts";

const mostJobs = 10_000;

export interface RecentJobs<Word extends string> {
  wordOn(job: Ticket): Word | undefined;
  note(job: Ticket, word: Word): void;
}

export function createRecentJobs<Word extends string>(): RecentJobs<Word> {
  const words = new Map<string, Word>();
  /** An id may be enqueued again after its job is over; a place is given once per profile. */
  const keyOf = ({ profileKey, place }: Ticket): string => `${profileKey} ${place}`;
  return {
    wordOn: (job) => words.get(keyOf(job)),
    note: (job, word) => {
      words.set(keyOf(job), word);
      if (words.size > mostJobs) words.delete(words.keys().next().value ?? "");
    },
  };
}
