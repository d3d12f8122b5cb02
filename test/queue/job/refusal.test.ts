// What a refusal costs a job: a table of its own.
import { expect, it } from "vitest";
import type { Job } from "../../../src/queue/job/job.ts";
import { withRefusal } from "../../../src/queue/job/refusal.ts";
import { createJob } from "../../../src/queue/job/tombstone.ts";
import { testSettings } from "../../support/settings.ts";

const settings = testSettings();
const now = 1_790_000_000_000;
const ticket = {
  uniqueId: "a",
  profileKey: "linux",
  runnerCount: 1,
  qualifiedRepo: "o/r",
  runId: "1",
  place: now * 1000,
};
const jobOf = (more: Partial<Job> = {}): Job => ({ ...createJob(ticket, 0, now, settings), ...more });

it.each([
  ["the first, of its own", {}, true, true, { refusals: 1 }],
  ["the last, of a job that is alone", { refusals: 4 }, true, false, { refusals: 5 }],
  [
    "the last, while others wait: let pass once",
    { refusals: 4 },
    true,
    true,
    { refusals: 4, isSpared: true, unchargedRefusals: 1, asideUntil: now + 5_000 },
  ],
  ["the last but one, while others wait", { refusals: 3 }, true, true, { refusals: 4 }],
  ["the last, where others were refused", { refusals: 4 }, false, true, { refusals: 4, unchargedRefusals: 1 }],
  ["the last of one that was spared already", { refusals: 4, isSpared: true }, true, true, { refusals: 5 }],
  ["the first where others were refused", {}, false, true, { refusals: 0, unchargedRefusals: 1 }],
  [
    "the third of these in a row",
    { unchargedRefusals: 2 },
    false,
    true,
    { refusals: 0, unchargedRefusals: 3, asideUntil: now + 1_000 },
  ],
  [
    "the hundredth: half a minute aside, no more",
    { unchargedRefusals: 99 },
    false,
    true,
    { refusals: 0, unchargedRefusals: 100, asideUntil: now + 30_000 },
  ],
  [
    "of one that stands aside for longer already",
    { unchargedRefusals: 2, asideUntil: now + 9_000 },
    false,
    true,
    { refusals: 0, unchargedRefusals: 3, asideUntil: now + 9_000 },
  ],
] as const)("%s", (_, more, isCharged, doOthersWait, after) => {
  const job = jobOf(more);
  expect(withRefusal(job, isCharged, doOthersWait, now, settings)).toEqual({ ...job, ...after });
});
