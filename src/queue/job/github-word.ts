// What GitHub said of the jobs whose `runs-on` names one unique_id: one entry per job of GitHub.
// News comes twice, late, in any order, or never, so nothing is counted: an entry's state only goes
// on, and merging the same news in any order, and as often as one likes, ends in the same word.
//
//   queued ---> in_progress ---> completed
import { z } from "zod";

export const githubStates = ["queued", "in_progress", "completed"] as const;
export type GithubState = (typeof githubStates)[number];

export const heardJobSchema = z.object({
  /** GitHub's own id of the job */
  id: z.number().int().positive(),
  /** which attempt of its run it belongs to, from 1 */
  attempt: z.number().int().positive(),
  state: z.enum(githubStates),
  /** name of the runner that has it, where GitHub said so */
  runner: z.string().optional(),
});
/** One piece of news. */
export type HeardJob = z.infer<typeof heardJobSchema>;

export const githubWordSchema = z.array(
  heardJobSchema.extend({
    /** the generation of our job that stands for it: ours to say, and no news changes it */
    generation: z.number().int().positive().optional(),
  }),
);
export type GithubWord = z.infer<typeof githubWordSchema>;
type Entry = GithubWord[number];

/**
 * Jobs of one label that are remembered, the newest: a matrix has 256 at most, and hardly ever one
 * label.
 */
export const maxHeardJobs = 100;

/** The word with news merged in; the same object where the news says nothing new. */
export function mergeWord(word: GithubWord, news: readonly HeardJob[]): GithubWord {
  const entries = new Map(word.map((entry) => [entry.id, entry]));
  let isChanged = false;
  for (const heard of news) {
    const known = entries.get(heard.id);
    const merged = known === undefined ? heard : mergeEntry(known, heard);
    if (merged === known) continue;
    entries.set(heard.id, merged);
    isChanged = true;
  }
  if (!isChanged) return word;
  const newest = [...entries.values()].sort((a, b) => b.attempt - a.attempt || b.id - a.id).slice(0, maxHeardJobs);
  // news of jobs that are older than all that are remembered
  const isSame = newest.length === word.length && newest.every((entry, at) => entry === word[at]);
  return isSame ? word : newest;
}

function mergeEntry(known: Entry, heard: HeardJob): Entry {
  const isLater = githubStates.indexOf(heard.state) > githubStates.indexOf(known.state);
  const attempt = Math.max(known.attempt, heard.attempt);
  const runner = [known.runner, heard.runner].reduce((a, b) => (b !== undefined && (a === undefined || b > a) ? b : a));
  if (!isLater && attempt === known.attempt && runner === known.runner) return known;
  return {
    ...known,
    attempt,
    state: isLater ? heard.state : known.state,
    ...(runner !== undefined && { runner }),
  };
}

/** The highest attempt that was heard of; 0: none. */
export function highestAttempt(word: GithubWord): number {
  return word[0]?.attempt ?? 0;
}

/**
 * The entries of the highest attempt. A run is re-run only when it is over: those of lower ones are
 * over, whatever was heard.
 */
export function currentJobs(word: GithubWord): GithubWord {
  const attempt = highestAttempt(word);
  return word.filter((entry) => entry.attempt === attempt);
}

/** GitHub's jobs that a generation stands for; those that none stands for yet count as its own. */
export function jobsOf(word: GithubWord, generation: number): GithubWord {
  return currentJobs(word).filter((entry) => (entry.generation ?? generation) === generation);
}

/** GitHub's jobs that wait for a runner, and that no generation stands for. */
export function unservedJobs(word: GithubWord): GithubWord {
  return currentJobs(word).filter(({ state, generation }) => state === "queued" && generation === undefined);
}

/**
 * The word in which `generation` stands for those that wait and that none stood for, `limit` of
 * them at most.
 */
export function standFor(word: GithubWord, generation: number, limit = maxHeardJobs): GithubWord {
  const waiting = new Set(unservedJobs(word).slice(0, Math.max(0, limit)));
  return waiting.size === 0 ? word : word.map((entry) => (waiting.has(entry) ? { ...entry, generation } : entry));
}

/** The word where `generation` is over: it stands for all but those that wait, and none stands for yet. */
export function closeServed(word: GithubWord, generation: number): GithubWord {
  const waiting = new Set(unservedJobs(word));
  const isLeft = (entry: GithubWord[number]) => entry.generation === undefined && !waiting.has(entry);
  return word.some(isLeft) ? word.map((entry) => (isLeft(entry) ? { ...entry, generation } : entry)) : word;
}
