// Attend: for whom nobody polls but us, and who waited for too long.
import { describe, expect, it } from "vitest";
import type { Job } from "../../../../src/queue/job/job.ts";
import { attendOperation } from "../../../../src/queue/operations/word/attend.ts";
import { claimedJobOf, jobOf, now, runnerOf, settings, ticket, viewOf } from "../../../support/queue-data.ts";

const attend = (job: Job | null) => attendOperation("linux", ["a"]).decide(viewOf({ a: { job } }));
it("reads the jobs that it is asked about, and who comes next", () => {
  const { name, profileKey, reads } = attendOperation("linux", ["a", "b"]);
  expect({ name, profileKey, reads }).toEqual({
    name: "attend",
    profileKey: "linux",
    reads: {
      jobs: [
        { uniqueId: "a", order: null },
        { uniqueId: "b", order: null },
      ],
      front: true,
      flows: true,
    },
  });
});

const tooLong = (now - settings.detachedMaxWaitMs) * 1000;

it.each<[string, Job | null, boolean]>([
  ["waits by GitHub's word", jobOf({ detached: "queued" }), true],
  ["waits for GitHub's first word", jobOf({ detached: "awaited" }), true],
  ["is polled for", jobOf(), false],
  ["is being asked for", claimedJobOf(undefined, { detached: "queued" }), false],
  ["is over", jobOf({ state: "cancelled", detached: "queued" }), false],
  ["is unknown", null, false],
])("polls in the name of a job that %s: %s", (_, job, isPolled) => {
  const { answer, change } = attend(job);
  expect([answer.polls, answer.ended, change]).toEqual([
    isPolled ? [{ ...ticket, className: undefined }] : [],
    [],
    undefined,
  ]);
});

describe("DETACHED_MAX_WAIT", () => {
  it("ends a job that GitHub says still waits, to the millisecond, and lets go of what it had", () => {
    const job = jobOf({ detached: "queued", place: tooLong, runnersInHand: [{ ...runnerOf("1"), since: now }] });
    const { answer, change } = attend(job);
    expect(answer).toMatchObject({ polls: [], ended: [{ state: "abandoned" }], leaked: ["ci0/1"] });
    expect(change).toMatchObject({
      jobs: [{ before: job, after: answer.ended[0] }],
      history: [{ what: "abandoned", id: "a" }],
      wake: ["a"],
      makesRoom: true,
    });
    expect(attend({ ...job, place: tooLong + 1000 }).answer.ended).toEqual([]);
  });

  it("is not for one that GitHub has not spoken of: ABANDON_AFTER is", () => {
    const { answer, change } = attend(jobOf({ detached: "awaited", place: tooLong }));
    expect([answer.ended, answer.polls, change]).toEqual([[], [], undefined]);
  });
});
