// Hear: what follows from GitHub's word, case by case. Orders and repetitions are in
// test/conformance/github.test.ts.
import { describe, expect, it } from "vitest";
import type { GithubWord, HeardJob } from "../../../../src/queue/job/github-word.ts";
import type { Job } from "../../../../src/queue/job/job.ts";
import { type HearCommand, hearOperation } from "../../../../src/queue/operations/word/hear-github.ts";
import {
  capacityOf,
  claimedJobOf,
  jobOf,
  legOf,
  now,
  rowOf,
  runnerOf,
  settings,
  ticket,
  viewOf,
} from "../../../support/queue-data.ts";

const { uniqueId, profileKey, qualifiedRepo, runId } = ticket;
const request = { uniqueId, profileKey, qualifiedRepo, runId };
type View = Parameters<typeof viewOf>[0] & {};
const said = (id: number, state: HeardJob["state"] = "queued", attempt = 1): HeardJob => ({ id, attempt, state });
const entry = (id: number, state: HeardJob["state"] = "queued", attempt = 1, generation = 1): GithubWord[number] => ({
  id,
  attempt,
  state,
  generation,
});

function hear(known: Job | null, news: readonly HeardJob[], command: Partial<HearCommand> = {}, view: View = {}) {
  const full = { request, news, createdAt: now, isNamed: false, bookedAt: now, ...command };
  const { answer, change } = hearOperation(full).decide(viewOf({ ...view, a: { job: known } }));
  const after = change?.jobs?.[0]?.after ?? null;
  return { outcome: answer.kind === "heard" ? answer.outcome : answer.kind, after, change, answer };
}

const taken = (more: Partial<Job> = {}) =>
  jobOf({
    state: "taken",
    isPresent: false,
    endedAt: now - 1_000,
    forgetAt: now + 1_000_000,
    spentRunners: ["ci0/1"],
    ...more,
  });
const ended = (more: Partial<Job> = {}) => taken({ state: "cancelled", ...more });
const detached = (more: Partial<Job> = {}) => jobOf({ detached: "queued", isCounted: true, word: [entry(7)], ...more });

describe("of an id that nobody knows", () => {
  const named = { isNamed: true };
  it.each<[string, HeardJob[], Partial<HearCommand>, View, string, string | null]>([
    ["without a profile's label: nothing", [said(7)], {}, {}, "unknown_job", null],
    ["with one: in line", [said(7)], named, {}, "enqueued", "queued"],
    [
      "over already: a tombstone, for older news may yet come",
      [said(7, "completed")],
      named,
      {},
      "recorded",
      "cancelled",
    ],
    ["running already: the same", [said(7, "in_progress")], named, {}, "recorded", "cancelled"],
    [
      "older than DETACHED_MAX_WAIT: nothing",
      [said(7)],
      { ...named, createdAt: now - settings.detachedMaxWaitMs - 1 },
      {},
      "too_old",
      null,
    ],
    [
      "just as old: in line",
      [said(7)],
      { ...named, createdAt: now - settings.detachedMaxWaitMs },
      {},
      "enqueued",
      "queued",
    ],
    ["not booked: it has to be", [said(7)], { ...named, bookedAt: null }, {}, "booking_too_old", null],
    ["booked too long ago", [said(7)], { ...named, bookedAt: now - 1_001 }, {}, "booking_too_old", null],
    [
      "where the line is full: nothing",
      [said(7)],
      named,
      { sizes: { line: [{ need: 1, jobs: 100 }], aside: [], claimed: [] } },
      "full",
      null,
    ],
  ])("%s", (_, news, command, view, outcome, state) => {
    const heard = hear(null, news, command, view);
    expect([heard.outcome, heard.after?.state ?? null]).toEqual([outcome, state]);
  });

  it("is in line for one runner for each job of GitHub's that waits, and no more than the fleet keeps", () => {
    expect(hear(null, [said(7), said(8), said(9, "completed")], named).after).toMatchObject({
      runnerCount: 2,
      detached: "queued",
      isCounted: true,
      place: now * 1000,
      isPresent: true,
    });
    const small = { capacity: capacityOf({ ci0: rowOf(1, { target: 1 }) }) };
    expect(hear(null, [said(7), said(8)], named, small).after?.runnerCount).toBe(1);
  });

  it("begins anew where its tombstone is forgotten, or it ended without runners", () => {
    for (const known of [ended({ forgetAt: now }), ended()]) {
      expect(hear(known, [said(7)], named)).toMatchObject({ outcome: "enqueued", after: { state: "queued" } });
    }
  });
});

describe("of another repository or run", () => {
  it.each([{ runId: "2" }, { qualifiedRepo: "evil/r" }, { qualifiedRepo: "o/rr" }])("moves nothing: %o", (other) => {
    for (const known of [jobOf(), detached(), taken(), ended()]) {
      const heard = hear(known, [said(7, "queued", 9)], { request: { ...request, ...other }, isNamed: true });
      expect([heard.outcome, heard.change]).toEqual(["other_run", undefined]);
    }
  });

  it("but a repository has one name in any case", () => {
    expect(hear(detached(), [said(7)], { request: { ...request, qualifiedRepo: "O/R" } }).outcome).toBe("repeated");
  });
});

describe("of a job in line", () => {
  it.each<[string, Job, HeardJob[], string, Partial<Job>]>([
    ["that is polled for: only told of", jobOf(), [said(7, "completed")], "recorded", { state: "queued" }],
    [
      "that is awaited: from now on GitHub's word is its presence",
      jobOf({ detached: "awaited" }),
      [said(7)],
      "recorded",
      { detached: "queued", isPresent: true },
    ],
    ["that waits: nothing new", detached(), [said(7)], "repeated", {}],
    ["of which one more waits: one more runner", detached(), [said(8)], "recorded", { runnerCount: 2 }],
    ["that is done with: out of line at once", detached(), [said(7, "completed")], "ended", { state: "cancelled" }],
    ["that runs elsewhere: the same", detached(), [said(7, "in_progress")], "ended", { state: "cancelled" }],
    [
      "that is done with before it was said to wait",
      jobOf({ detached: "awaited" }),
      [said(7, "completed")],
      "ended",
      { state: "cancelled" },
    ],
    [
      "of three, one of which is done: the two others wait",
      detached({ runnerCount: 3, word: [entry(7), entry(8), entry(9)] }),
      [said(7, "completed")],
      "recorded",
      { runnerCount: 2 },
    ],
    [
      "enqueued for two, of which one is heard to be done: the other may come",
      jobOf({ detached: "awaited", runnerCount: 2 }),
      [said(7, "completed")],
      "recorded",
      { state: "queued" },
    ],
    [
      "that is being asked for: its count stays",
      claimedJobOf([legOf()], { detached: "queued", isCounted: true, word: [entry(7)] }),
      [said(8)],
      "recorded",
      { runnerCount: 1, state: "claimed" },
    ],
  ])("%s", (_, known, news, outcome, after) => {
    const heard = hear(known, news);
    expect(heard.outcome).toBe(outcome);
    if (outcome !== "repeated") expect(heard.after).toMatchObject(after);
  });

  it("lets go of runners in hand where GitHub is done with it, and says so", () => {
    const runnersInHand = [{ ...runnerOf("1"), since: now - 1_000 }];
    const { answer } = hear(detached({ runnerCount: 2, word: [entry(7), entry(8)], runnersInHand }), [
      said(7, "completed"),
      said(8, "completed"),
    ]);
    expect(answer).toMatchObject({ leaked: ["ci0/1"] });
  });
});

describe("of a job that had its runners", () => {
  it.each<[string, Job, HeardJob[], Partial<HearCommand>, string, number | undefined]>([
    ["its own start: recorded", taken(), [said(7, "in_progress")], {}, "recorded", undefined],
    ["its own job that waits: recorded, for its runner is there", taken(), [said(7)], {}, "recorded", undefined],
    ["a higher attempt that waits: the next generation", taken(), [said(9, "queued", 2)], {}, "rerun", 2],
    [
      "a higher attempt that is over: a sibling's re-run",
      taken(),
      [said(9, "completed", 2)],
      {},
      "recorded",
      undefined,
    ],
    [
      "a higher attempt than the reservation was for",
      taken({ attempt: 3 }),
      [said(9, "queued", 3)],
      {},
      "recorded",
      undefined,
    ],
    [
      "the next generation's re-run",
      taken({ generation: 2, attempt: 2, first: { place: 1, runnerCount: 1 }, word: [entry(9, "completed", 2, 2)] }),
      [said(11, "queued", 3)],
      {},
      "rerun",
      3,
    ],
    [
      "a re-run of a re-run that was cancelled",
      ended({ generation: 2, attempt: 2, first: { place: 1, runnerCount: 1 } }),
      [said(11, "queued", 3)],
      {},
      "rerun",
      3,
    ],
    [
      "last week's: nothing",
      taken(),
      [said(9, "queued", 2)],
      { createdAt: now - 7 * 86_400_000 },
      "too_old",
      undefined,
    ],
    [
      "one more of a label that counts, after the first was served",
      taken({ isCounted: true, word: [entry(7, "completed")] }),
      [said(8)],
      {},
      "rerun",
      2,
    ],
    [
      "while a monitor may be at work for it: recorded, and looked at again",
      taken({ claim: claimedJobOf().claim }),
      [said(9, "queued", 2)],
      {},
      "recorded",
      undefined,
    ],
  ])("%s", (_, known, news, command, outcome, generation) => {
    const heard = hear(known, news, command);
    expect([heard.outcome, heard.outcome === "rerun" ? heard.after?.generation : undefined]).toEqual([
      outcome,
      generation,
    ]);
  });

  it("comes at the end of the line, under its id, its old runners spent, and its first ticket good", () => {
    const known = taken({ runnerCount: 2, spentRunners: ["ci0/1", "ci0/2"] });
    const { after, change } = hear(known, [said(9, "queued", 2)]);
    expect(after).toMatchObject({
      state: "queued",
      place: now * 1000,
      endedPlace: known.place,
      first: { place: known.place, runnerCount: 2 },
      runnerCount: 1,
      spentRunners: ["ci0/1", "ci0/2"],
      detached: "queued",
      attempt: 2,
    });
    expect(change?.history).toMatchObject([{ what: "queued", by: "GitHub", generation: 2 }]);
  });
});

describe("of a job that was abandoned before GitHub spoke", () => {
  const late = ended({ state: "abandoned", detached: "awaited", runnerCount: 2 });

  it("comes back to its old place, for as many runners as were asked for", () => {
    const { outcome, after } = hear(late, [said(7)]);
    expect(outcome).toBe("enqueued");
    expect(after).toMatchObject({
      state: "queued",
      place: late.place,
      runnerCount: 2,
      detached: "queued",
      isPresent: true,
    });
    expect(after).not.toHaveProperty("endedAt");
  });

  it.each<[string, Job, HeardJob[], Partial<HearCommand>, string]>([
    ["its booking is too old", late, [said(7)], { bookedAt: null }, "booking_too_old"],
    ["GitHub's job is over", late, [said(7, "completed")], {}, "recorded"],
    ["GitHub made it last week", late, [said(7)], { createdAt: now - 7 * 86_400_000 }, "too_old"],
    ["its client polled, and left", ended({ state: "abandoned" }), [said(7)], {}, "recorded"],
    ["its owner gave it up", ended({ detached: "awaited" }), [said(7)], {}, "recorded"],
    ["it waited for DETACHED_MAX_WAIT", ended({ state: "abandoned", detached: "queued" }), [said(7)], {}, "recorded"],
  ])("but not where %s", (_, known, news, command, outcome) => {
    expect(hear(known, news, command).outcome).toBe(outcome);
  });
});
