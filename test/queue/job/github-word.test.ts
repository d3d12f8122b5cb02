// What GitHub says, as data: the same news in any order, and as often as one likes, ends in the
// same word.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  closeServed,
  currentJobs,
  type GithubWord,
  githubStates,
  type HeardJob,
  highestAttempt,
  jobsOf,
  maxHeardJobs,
  mergeWord,
  standFor,
  unservedJobs,
} from "../../../src/queue/job/github-word.ts";

const heard = (id: number, state: HeardJob["state"], attempt = 1): HeardJob => ({ id, attempt, state });

const news: fc.Arbitrary<HeardJob> = fc.record(
  {
    id: fc.integer({ min: 1, max: 12 }),
    attempt: fc.integer({ min: 1, max: 3 }),
    state: fc.constantFrom(...githubStates),
    runner: fc.constantFrom("a", "b"),
  },
  { requiredKeys: ["id", "attempt", "state"] },
);
const sayAll = (all: readonly HeardJob[], word: GithubWord = []) =>
  all.reduce((known, one) => mergeWord(known, [one]), word);

describe("the word of a job", () => {
  it("is the same whatever the order of the news, and however often each comes", () => {
    const shuffled = fc
      .array(news, { maxLength: 30 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })));
    fc.assert(
      fc.property(shuffled, ([all, again]) => {
        expect(sayAll(again)).toEqual(sayAll(all));
        expect(mergeWord([], again), "all at once").toEqual(sayAll(all));
      }),
    );
  });

  it("of two instances that heard different halves is the word of the whole", () => {
    fc.assert(
      fc.property(fc.array(news), fc.array(news), (one, other) => {
        expect(mergeWord(sayAll(one), sayAll(other))).toEqual(sayAll([...one, ...other]));
      }),
    );
  });

  it("keeps the newest jobs where there are too many, in whatever order they come", () => {
    const many = Array.from({ length: maxHeardJobs + 50 }, (_, i) => heard(i + 1, "queued"));
    const word = sayAll(many);
    expect(word).toHaveLength(maxHeardJobs);
    expect(sayAll(many.toReversed())).toEqual(word);
    expect(mergeWord(word, [heard(1, "completed")]), "of one that is forgotten").toBe(word);
  });

  it("stays the same object where the news says nothing new, so that nothing is written", () => {
    const word = sayAll([heard(7, "completed"), heard(8, "queued")]);
    for (const state of githubStates) expect(mergeWord(word, [heard(7, state)])).toBe(word);
    expect(mergeWord(word, [])).toBe(word);
  });

  it("lets a generation stand for what waits, and news does not change that", () => {
    const word = standFor(sayAll([heard(7, "queued"), heard(8, "completed")]), 2);
    expect(jobsOf(word, 2).map(({ id }) => id)).toEqual([8, 7]);
    expect(unservedJobs(word)).toEqual([]);
    expect(mergeWord(word, [heard(7, "in_progress")])).toContainEqual({ ...heard(7, "in_progress"), generation: 2 });
    expect(unservedJobs(mergeWord(word, [heard(9, "queued")])).map(({ id }) => id)).toEqual([9]);
  });

  it("takes whatever is of a lower attempt for over, whether or not GitHub ever said so", () => {
    const word = sayAll([heard(7, "queued", 1), heard(9, "queued", 2)]);
    expect(currentJobs(word).map(({ id }) => id)).toEqual([9]);
    expect(unservedJobs(word).map(({ id }) => id)).toEqual([9]);
  });

  it("has the highest attempt first, whichever ids GitHub gives", () => {
    const word = sayAll([heard(9, "queued", 1), heard(7, "queued", 2), heard(8, "queued", 2)]);
    expect(word.map(({ id }) => id)).toEqual([8, 7, 9]);
    expect([highestAttempt(word), highestAttempt([])]).toEqual([2, 0]);
  });

  it("says of one job the highest attempt, and the last of two runners by name", () => {
    const news = [heard(7, "in_progress", 2), heard(7, "in_progress", 1), { ...heard(7, "in_progress"), runner: "a" }];
    const word = sayAll([...news, { ...heard(7, "in_progress"), runner: "b" }]);
    expect(word).toEqual([{ ...heard(7, "in_progress", 2), runner: "b" }]);
  });

  it("remembers a hundred jobs", () => {
    expect(maxHeardJobs).toBe(100);
  });

  it("lets a generation stand for so many at most, the newest, and for none where there is no room", () => {
    const word = sayAll([heard(7, "queued"), heard(8, "queued")]);
    expect(standFor(word, 2, 1)).toEqual([{ ...heard(8, "queued"), generation: 2 }, heard(7, "queued")]);
    for (const limit of [0, -1]) expect(standFor(word, 2, limit)).toBe(word);
  });

  it("is of a generation as far as no other stands for it", () => {
    const word: GithubWord = [{ ...heard(9, "queued"), generation: 3 }, heard(8, "queued")];
    expect(jobsOf(word, 2).map(({ id }) => id)).toEqual([8]);
    const over: GithubWord = [...word, heard(7, "completed")];
    const closed = closeServed(over, 2);
    expect(closed, "what waits is left to the next one").toEqual([
      ...word,
      { ...heard(7, "completed"), generation: 2 },
    ]);
    expect(closeServed(closed, 4)).toBe(closed);
  });
});
