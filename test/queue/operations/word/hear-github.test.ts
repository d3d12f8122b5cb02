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
  lostAt,
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

describe("what is written of GitHub's word", () => {
  const named = { isNamed: true };
  const policy = { default: {}, repositories: [], owners: [], classes: [], monitors: [] };
  const shared: View = { policy, head: { virtualTime: { at: 7_000 }, flows: { "o/r": { end: 8_000 } } } };
  const small: View = { capacity: capacityOf({ ci0: rowOf(1, { target: 1 }) }) };
  const fresh = {
    ...ticket,
    place: now * 1000,
    state: "queued",
    heardAt: 0,
    isPresent: true,
    presentUntil: now + 4_000,
    abandonAt: now + 30_000,
    attempts: 0,
    refusals: 0,
    clearedFor: lostAt,
    isCounted: true,
    detached: "queued",
  };
  const usual = { at: now, what: "queued", id: "a", repo: "o/r", run: "1", attempts: 0, waitedMs: 0, by: "GitHub" };

  it("a job that comes in line by its label, with its part of the line", () => {
    const { answer, change } = hear(null, [said(7, "queued", 3), said(8, "queued", 3)], named, shared);
    const word = [entry(8, "queued", 3), entry(7, "queued", 3)];
    const after = { ...fresh, runnerCount: 2, share: { start: 8_000, end: 10_000 }, word, attempt: 3 };
    expect(answer).toEqual({ kind: "heard", outcome: "enqueued", job: after, leaked: [], before: null });
    expect(change).toStrictEqual({
      jobs: [{ before: null, after }],
      history: [{ ...usual, count: 2 }],
      relies: { maxWaiting: 99 },
      wake: ["a"],
      makesRoom: true,
    });
  });

  it("one that nothing can be served for as yet: it waits for one runner", () => {
    const { after } = hear(null, [said(7)], named, { capacity: capacityOf({}) });
    expect(after).toStrictEqual({ ...fresh, word: [entry(7)], attempt: 1 });
  });

  it("a tombstone of what is over already, and that nothing else changed", () => {
    const { answer, change } = hear(null, [said(7, "completed")], named);
    const word = [said(7, "completed")];
    const after = {
      ...fresh,
      word,
      attempt: 1,
      state: "cancelled",
      isPresent: false,
      endedAt: now,
      forgetAt: now + settings.detachedMaxWaitMs,
    };
    expect(answer).toEqual({ kind: "heard", outcome: "recorded", job: after, leaked: [], before: null });
    expect(change).toStrictEqual({ jobs: [{ before: null, after }] });
  });

  it("where nobody limits the line, that nothing limits it", () => {
    const { outcome, change } = hear(null, [said(7)], named, { settings: { ...settings, maxQueueDepth: null } });
    expect([outcome, change?.relies]).toEqual(["enqueued", { maxWaiting: null }]);
  });

  it("the next generation, as the policy shares the line", () => {
    const known = taken({ runnerCount: 3, attempt: 1 });
    const { answer, change } = hear(known, [said(9, "queued", 2), said(8, "queued", 2)], {}, shared);
    const after = change?.jobs?.[0]?.after ?? null;
    expect(after).toMatchObject({ runnerCount: 2, isCounted: true, share: { start: 8_000, end: 10_000 }, attempt: 2 });
    expect(answer).toEqual({ kind: "heard", outcome: "rerun", job: after, leaked: [], before: known });
    expect(change).toMatchObject({
      jobs: [{ before: known }],
      relies: { maxWaiting: 99 },
      wake: ["a"],
      makesRoom: true,
    });
  });

  it("a job that leaves the line: who can be served now is told", () => {
    const known = detached({ runnersInHand: [{ ...runnerOf("1"), since: now - 1_000 }], runnerCount: 2 });
    const { answer, change, after } = hear(known, [said(7, "completed")]);
    expect(after).toMatchObject({ state: "cancelled", spentRunners: ["ci0/1"], endedAt: now });
    expect(answer).toEqual({ kind: "heard", outcome: "ended", job: after, leaked: ["ci0/1"], before: known });
    expect(change).toMatchObject({
      jobs: [{ before: known }],
      history: [{ what: "cancelled", by: "GitHub" }],
      wake: ["a"],
      makesRoom: true,
    });
  });

  it("nothing of a label that nobody knows", () => {
    expect(hear(null, [said(7)]).answer).toEqual({
      kind: "heard",
      outcome: "unknown_job",
      job: null,
      leaked: [],
      before: null,
    });
  });

  it("of a job that is polled for, only what was said", () => {
    const { answer, change } = hear(jobOf(), [said(7, "queued", 2), said(8, "queued", 2)], {}, small);
    const after = jobOf({ word: [entry(8, "queued", 2), entry(7, "queued", 2)], attempt: 2 });
    expect(answer).toMatchObject({ outcome: "recorded", job: after, before: jobOf() });
    expect(change).toStrictEqual({ jobs: [{ before: jobOf(), after }] });
  });

  it.each([
    {
      name: "nothing where nothing was ever said",
      known: jobOf({ word: [] }),
      outcome: "repeated",
      attempt: undefined,
    },
    {
      name: "its attempt, where only that is news",
      known: jobOf({ word: [entry(7, "queued", 2)] }),
      outcome: "recorded",
      attempt: 2,
    },
  ])("of what was heard before, $name", ({ known, outcome, attempt }) => {
    const heard = hear(known, []);
    expect([heard.outcome, heard.after?.attempt]).toEqual([outcome, attempt]);
  });

  it("of a start, that it has started, also where the word is the same", () => {
    const start = { state: "starting" as const, since: 1, reservedAt: 1, runners: ["ci0/1"], lookAt: now };
    const known = taken({ start, attempt: 1, word: [entry(7, "in_progress")] });
    const { outcome, after } = hear(known, [said(7, "in_progress")]);
    const { lookAt: _, ...rest } = start;
    expect([outcome, after]).toEqual(["recorded", { ...known, start: { ...rest, state: "started", since: now } }]);
  });

  it("that its generation stands for what waits for its runners", () => {
    const { after } = hear(taken(), [said(7)]);
    expect(after).toEqual(taken({ word: [entry(7)] }));
  });
});

describe("a detached job that is heard of", () => {
  const small: View = { capacity: capacityOf({ ci0: rowOf(1, { target: 2 }) }) };
  const held = (...ids: string[]) => ids.map((id) => ({ ...runnerOf(id), since: now - 1_000 }));
  const awaited = (more: Partial<Job> = {}) => jobOf({ detached: "awaited", ...more });
  it.each<{ name: string; known: Job; news: HeardJob[]; view?: View; outcome: string; after: Partial<Job> }>([
    {
      name: "is done with by the only job that was heard of, for however many it stands in line",
      known: detached({ runnerCount: 2 }),
      news: [said(7, "completed")],
      outcome: "ended",
      after: { state: "cancelled" },
    },
    {
      name: "waits on where none of its jobs is known any more, for as many as before",
      known: detached({ runnerCount: 2, word: [] }),
      news: [],
      outcome: "repeated",
      after: {},
    },
    {
      name: "of two, one of which is done: the other waits",
      known: detached({ runnerCount: 2, word: [entry(8), entry(7)] }),
      news: [said(8, "completed")],
      outcome: "recorded",
      after: { runnerCount: 1 },
    },
    {
      name: "needs one more than it has in hand, at least",
      known: detached({ runnerCount: 4, word: [entry(8), entry(7)], runnersInHand: held("1", "2") }),
      news: [said(8, "completed")],
      outcome: "recorded",
      after: { runnerCount: 3 },
    },
    {
      name: "that was enqueued for three needs three, whoever waits",
      known: jobOf({ detached: "queued", runnerCount: 3, word: [entry(7)] }),
      news: [said(8)],
      outcome: "recorded",
      after: { runnerCount: 3 },
    },
    {
      name: "that is being asked for needs what it asks for, also where one of them is done",
      known: claimedJobOf([legOf({ runners: 2 })], {
        detached: "queued",
        isCounted: true,
        runnerCount: 2,
        word: [entry(8), entry(7)],
      }),
      news: [said(8, "completed")],
      outcome: "recorded",
      after: { runnerCount: 2 },
    },
    {
      name: "stands for no more than the fleet keeps; the next generation is for the others",
      known: detached(),
      news: [said(8), said(9)],
      view: small,
      outcome: "recorded",
      after: { runnerCount: 2, word: [entry(9), said(8), entry(7)] },
    },
    {
      name: "that is being asked for stands for nobody who comes meanwhile",
      known: claimedJobOf([legOf()], { detached: "queued", isCounted: true, word: [entry(7)], attempt: 1 }),
      news: [said(8)],
      outcome: "recorded",
      after: { word: [said(8), entry(7)] },
    },
    {
      name: "is present again with GitHub's first word",
      known: awaited({ isPresent: false }),
      news: [said(7)],
      outcome: "recorded",
      after: { detached: "queued", isPresent: true },
    },
    {
      name: "that is being asked for is present only once it is in line",
      known: claimedJobOf([legOf()], { detached: "awaited" }),
      news: [said(7)],
      outcome: "recorded",
      after: { detached: "queued", isPresent: false, state: "claimed" },
    },
    {
      name: "is still awaited while none of its jobs waits",
      known: awaited({ runnerCount: 2 }),
      news: [said(7, "completed")],
      outcome: "recorded",
      after: { detached: "awaited" },
    },
  ])("$name", ({ known, news, view = {}, outcome, after }) => {
    const heard = hear(known, news, {}, view);
    expect(heard.outcome).toBe(outcome);
    if (outcome === "repeated") expect(heard.change).toBeUndefined();
    else expect(heard.after).toMatchObject(after);
    if (after.word !== undefined) expect(heard.after?.word).toEqual(after.word);
  });

  it("for more or fewer runners than before: whoever can be served now is told", () => {
    const { after, change } = hear(detached(), [said(8)]);
    expect(change).toEqual({ jobs: [{ before: detached(), after }], makesRoom: true });
  });
});

describe("bookings and borders", () => {
  const late = ended({ state: "abandoned", detached: "awaited", runnerCount: 2, attempt: 2 });
  it.each<[string, Job | null, Partial<HearCommand>, View, string]>([
    ["a booking of a second ago brings a job in line", null, { bookedAt: now - 1_000 }, {}, "enqueued"],
    ["and one that was abandoned back", late, { bookedAt: now - 1_000 }, {}, "enqueued"],
    ["an older one brings nothing back", late, { bookedAt: now - 1_001 }, {}, "booking_too_old"],
    [
      "a re-run as old as DETACHED_MAX_WAIT comes in line",
      taken(),
      { createdAt: now - settings.detachedMaxWaitMs },
      {},
      "rerun",
    ],
    [
      "the last place in line is given",
      null,
      {},
      { sizes: { line: [{ need: 1, jobs: 90 }], aside: [{ need: 1, jobs: 9 }], claimed: [{ need: 1, jobs: 9 }] } },
      "enqueued",
    ],
    ["a forgotten job is nobody's re-run", taken({ forgetAt: now }), { isNamed: false }, {}, "unknown_job"],
    ["a repository has one name in any case, also where we wrote it", taken({ qualifiedRepo: "O/R" }), {}, {}, "rerun"],
  ])("%s", (_, known, command, view, outcome) => {
    expect(hear(known, [said(9, "queued", 2)], { isNamed: true, ...command }, view).outcome).toBe(outcome);
  });

  it("who comes back serves the highest attempt that was heard of, and stands for what waits", () => {
    for (const [known, heard, attempt] of [
      [late, 1, 2],
      [late, 3, 3],
      [ended({ state: "abandoned", detached: "awaited" }), 1, 1],
    ] as const) {
      const { after } = hear(known, [said(9, "queued", heard)]);
      expect(after).toMatchObject({ attempt, word: [entry(9, "queued", heard)] });
      expect(after).not.toHaveProperty("generation");
    }
  });

  it("who was never served begins anew at the end of the line", () => {
    expect(hear(ended(), [said(7)], { isNamed: true }).after).toMatchObject({
      place: now * 1000,
      endedPlace: ticket.place,
    });
  });

  it("reads its job, a place at the end of the line, and how long that is", () => {
    const {
      name,
      profileKey: key,
      reads,
    } = hearOperation({ request, news: [], createdAt: 0, isNamed: false, bookedAt: 0 });
    expect({ name, key, reads }).toEqual({
      name: "hear",
      key: "linux",
      reads: { jobs: [{ uniqueId: "a", order: null }], places: 1, front: true, sizes: true, flows: true },
    });
  });
});
