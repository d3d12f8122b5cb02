// What the queue promises, in words: what must hold at any time, whatever happens. The code that
// checks it is in invariants.ts, and for what is written to the store in commit-invariants.ts.

export const promises = {
  reservations: "a job never has more live reservations than it asked for",
  live_runners: "a 200 lists runners that are reserved for its job, and not older than their monitor keeps them",
  one_answer: "a ticket hears 503s, then one 200 in the same bytes each time, then 404s; or 503s, then 404s",
  order: "no present job is overtaken by one that came later",
  idle: "nothing is claimed that is not idle",
  reach: "nothing is claimed where it cannot be sent",
  acts: "nothing is claimed past a pause or a drain",
  one_claim: "a job has one live claim at a time, and a claimed job has an open leg",
  counted: "every open leg is counted at its monitor",
  moves: "a job moves as its states allow, and ends once",
  hands: "a job holds no more runners than it asked for, and is taken with exactly that many",
  heard: "a job that was heard is not abandoned before its time",
  ends: "every job ends",
  served: "once trouble is over, the first in line does not wait while runners are idle",
} as const;
export type PromiseName = keyof typeof promises;

export interface Broken {
  readonly promise: PromiseName;
  readonly sentence: string;
}

/** Says that a promise was looked at, and what broke it if anything did. */
export type Check = (promise: PromiseName, isKept: boolean, what: () => string) => void;
