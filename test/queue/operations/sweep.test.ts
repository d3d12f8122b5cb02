// A sweep: what time alone does.
import { describe, expect, it } from "vitest";
import { freedRateUnknown } from "../../../src/queue/fleet/freed-rate.ts";
import { hashOf } from "../../../src/queue/hash.ts";
import type { Job } from "../../../src/queue/job/job.ts";
import { decideSilence, sweepOperation } from "../../../src/queue/operations/sweep.ts";
import {
  capacityOf,
  claimedJobOf,
  claimOf,
  enqueuedAt,
  headOf,
  jobOf,
  legOf,
  lostAt,
  now,
  rowOf,
  runnerOf,
  settings,
  viewOf,
} from "../../support/queue-data.ts";

const { name, profileKey, reads, decide } = sweepOperation("linux");
const sweep = (view: Parameters<typeof viewOf>[0] = {}) => decide(viewOf(view));
/** What a sweep of this one job writes of it; null where nothing. */
function passed(job: Job, view: Parameters<typeof viewOf>[0] = {}) {
  const { change } = sweep({ due: [job], ...view });
  const changed = change?.jobs?.[0];
  if (changed !== undefined) expect(changed.before).toBe(job);
  return changed === undefined ? null : changed.after;
}
const limit = { scope: "owner" as const, name: "o", maxRunners: 1, inUse: 1 };
const nothing = {
  now,
  lostAt,
  abandoned: [],
  leaked: [],
  lapsed: [],
  freedRate: headOf().freedRate,
  isMore: false,
  isNewlySilent: false,
  waitingJobs: 0,
  toAttend: [],
  toHear: [],
  toWatch: [],
};

it("reads what is due, how many wait, and two hundred of those who are absent", () => {
  expect({ name, profileKey, reads }).toEqual({
    name: "sweep",
    profileKey: "linux",
    reads: { due: true, front: true, sizes: true, flows: true, figures: true, absent: 200 },
  });
});

it("writes nothing where nothing is due, and says how many wait and whether there is more", () => {
  const sizes = { line: [{ need: 2, jobs: 3 }], aside: [{ need: 1, jobs: 1 }], claimed: [{ need: 1, jobs: 9 }] };
  expect(sweep()).toEqual({ answer: nothing });
  expect(sweep({ sizes, isMoreDue: true })).toEqual({ answer: { ...nothing, waitingJobs: 4, isMore: true } });
});

describe("a queued job", () => {
  const waits: Job["waits"] = [[0, "asleep", 0, 0, ""]];
  it.each([
    { name: "is present until its time is over", job: { presentUntil: now + 1 }, expected: { isPresent: true } },
    { name: "is absent from then on", job: { presentUntil: now }, expected: { isPresent: false, waits } },
    {
      name: "was waiting for something else until then",
      job: { presentUntil: now, waits: [[0, "no_capacity", 0, 0, ""]] },
      expected: {
        isPresent: false,
        waits: [
          [0, "no_capacity", 0, 0, ""],
          [10, "asleep", 0, 0, ""],
        ],
      },
    },
    {
      name: "that was absent already begins no stretch",
      job: { presentUntil: now, isPresent: false },
      expected: { isPresent: false },
    },
    { name: "stands aside until then", job: { asideUntil: now + 1 }, expected: { asideUntil: now + 1 } },
    { name: "comes back then", job: { asideUntil: now }, expected: { asideUntil: undefined } },
    {
      name: "stands aside once more, where the clock was set back",
      job: { asideUntil: now + 62_001 },
      expected: { asideUntil: now + 60_000 },
    },
  ] as {
    name: string;
    job: Partial<Job>;
    expected: Partial<Omit<Job, "asideUntil">> & { asideUntil?: number | undefined };
  }[])("$name", ({ job, expected }) => {
    const after = passed(jobOf(job));
    const { asideUntil, ...whole } = { ...jobOf(job), ...expected };
    expect(after).toEqual({ ...whole, ...(asideUntil !== undefined && { asideUntil }) });
  });

  it.each([
    { name: "a millisecond before HOLD_TIMEOUT", since: now - 29_999, leaked: [] },
    { name: "at HOLD_TIMEOUT", since: now - 30_000, leaked: ["ci0/1"] },
  ])("lets go of what it held too long: $name", ({ since, leaked }) => {
    const job = jobOf({ runnerCount: 2, runnersInHand: [{ ...runnerOf("1"), since }] });
    expect(sweep({ due: [job] }).answer.leaked).toEqual(leaked);
    expect(passed(job)?.runnersInHand?.length ?? 0).toBe(1 - leaked.length);
  });

  it("has its time anew where nobody could be heard", () => {
    const job = jobOf({ presentUntil: 1, abandonAt: 2, isPresent: false });
    expect(passed(job, { renewedAt: now - 12_999 })).toMatchObject({
      state: "queued",
      isPresent: true,
      presentUntil: now + 1,
      abandonAt: now + 17_001,
    });
    expect(passed(job, { renewedAt: now - 13_000 })?.isPresent).toBe(false);
  });

  it.each([
    { name: "as far ahead as can be", presentUntil: now + 110_000, abandonAt: now + 110_000, expected: {} },
    {
      name: "presence further ahead",
      presentUntil: now + 110_001,
      abandonAt: now + 9,
      expected: { isPresent: false, presentUntil: now, abandonAt: now + 30_000 },
    },
    {
      name: "its end further ahead",
      presentUntil: now + 9,
      abandonAt: now + 110_001,
      expected: { isPresent: false, presentUntil: now, abandonAt: now + 30_000 },
    },
  ])("has its time anew where the clock was set back: $name", ({ presentUntil, abandonAt, expected }) => {
    const job = jobOf({ presentUntil, abandonAt });
    expect(passed(job)).toMatchObject({ ...job, ...expected });
  });

  it("is absent in its time, also where a claim of before is settled and its lease over", () => {
    const claim = claimOf([legOf({ state: "refused" })], { leaseUntil: now });
    expect(passed(jobOf({ presentUntil: now, claim }))?.isPresent).toBe(false);
  });

  it("others are told: there may be room", () => {
    const job = jobOf({ presentUntil: now });
    const { answer, change } = sweep({ due: [job] });
    expect(answer).toEqual(nothing);
    expect(change).toMatchObject({ history: [], wake: [], makesRoom: true, head: {} });
  });
});

describe("a job that was not heard for ABANDON_AFTER", () => {
  const gone = jobOf({ isPresent: false, presentUntil: now - 9, abandonAt: now });

  it("is abandoned, and whoever waits for it is told", () => {
    const after = { ...gone, state: "abandoned", endedAt: now, forgetAt: now + 3_600_000 };
    const { answer, change } = sweep({ due: [gone] });
    expect(answer).toEqual({ ...nothing, abandoned: [after] });
    expect(change).toEqual({
      jobs: [{ before: gone, after }],
      head: {},
      history: [
        { at: now, what: "abandoned", id: "a", repo: "o/r", run: "1", count: 1, attempts: 0, waitedMs: 10_000 },
      ],
      counts: [],
      wake: ["a"],
      makesRoom: true,
    });
  });

  it.each([
    { name: "a millisecond sooner", job: { abandonAt: now + 1 }, view: {} },
    { name: "while somebody could not be heard", job: {}, view: { renewedAt: now - 29_999 } },
  ])("is not: $name", ({ job, view }) => {
    expect(passed({ ...gone, ...job }, view)).toMatchObject({ state: "queued" });
  });

  it("lets go of all that it has in hand, named once each", () => {
    const runnersInHand = [
      { ...runnerOf("1"), since: now - 30_000 },
      { ...runnerOf("2"), since: now - 1 },
    ];
    const { answer } = sweep({ due: [{ ...gone, runnerCount: 3, runnersInHand }] });
    expect(answer.leaked).toEqual(["ci0/1", "ci0/2"]);
    expect(answer.abandoned[0]?.spentRunners).toEqual(["ci0/1", "ci0/2"]);
  });

  it("keeps its place while all are silent, and is looked at again after ABANDON_AFTER", () => {
    const head = { silence: { silentSince: now - 5, heardSince: 0 } };
    expect(passed(gone, { head })).toEqual({ ...gone, abandonAt: now + 30_000 });
    expect(passed({ ...gone, abandonAt: now + 40_000 }, { head })).toMatchObject({ abandonAt: now + 40_000 });
  });

  it("is written as it is, but for its deadlines, where the clock was set back", () => {
    const job = { ...gone, presentUntil: now + 999_999, attempts: 7 };
    expect(passed(job)).toEqual({ ...job, presentUntil: now, abandonAt: now + 30_000 });
  });

  it("keeps it for ten minutes", () => {
    const head = { silence: { silentSince: now - 600_000, heardSince: 0 } };
    expect(passed(gone, { head })?.state).toBe("abandoned");
  });
});

describe("all fell silent together", () => {
  const absent = (...runs: string[]) =>
    runs.map((runId) =>
      jobOf({
        uniqueId: `j${runId}`,
        runId,
        isPresent: false,
        presentUntil: now - 9,
        abandonAt: now,
        heardAt: now - 40_000,
      }),
    );
  const sizes = (present: number) => ({ line: [{ need: 1, jobs: present }], aside: [], claimed: [] });
  const heldBack = (presentUntil: number) =>
    jobOf({ uniqueId: "held", runId: "9", heardAt: now - 40_000, limit, asideUntil: now + 1, presentUntil });
  const later = (jobs: Job[]) => jobs.map((job) => ({ ...job, abandonAt: now + 1 }));
  const isNew = { silentSince: now, heardSince: 0 };

  it.each([
    {
      name: "three runs, and the first would be abandoned",
      view: { due: absent("1"), absent: absent("2", "3") },
      expected: isNew,
    },
    { name: "not, while nobody would be", view: { due: later(absent("1")), absent: absent("2", "3") }, expected: null },
    { name: "not, if nothing is due", view: { absent: absent("1", "2", "3") }, expected: null },
    {
      name: "not, if somebody is present",
      view: { due: absent("1"), absent: absent("2", "3"), sizes: sizes(1) },
      expected: null,
    },
    {
      name: "one whose presence ends with this very sweep is not present",
      view: {
        due: [
          ...absent("1"),
          ...absent("2").map((job) => ({ ...job, isPresent: true, presentUntil: now, abandonAt: now + 1 })),
        ],
        absent: absent("3"),
        sizes: sizes(1),
      },
      expected: isNew,
    },
    {
      name: "not, if it ends a millisecond later",
      view: {
        due: [
          ...absent("1"),
          ...absent("2").map((job) => ({ ...job, isPresent: true, presentUntil: now + 1, abandonAt: now + 1 })),
        ],
        absent: absent("3"),
        sizes: sizes(1),
      },
      expected: null,
    },
    {
      name: "one that is due and absent is counted once",
      view: { due: absent("1"), absent: absent("1", "2") },
      expected: null,
    },
    {
      name: "not, if somebody is present whom a limit holds aside",
      view: { due: absent("1"), absent: [...absent("2", "3"), heldBack(now + 1)] },
      expected: null,
    },
    {
      name: "one whom a limit holds aside is not present once that is over",
      view: { due: absent("1"), absent: [...absent("2", "3"), heldBack(now)] },
      expected: isNew,
    },
    {
      name: "one that stands aside for something else is not present",
      view: {
        due: absent("1"),
        absent: [...absent("2"), ...absent("3").map((job) => ({ ...job, presentUntil: now + 1 }))],
      },
      expected: isNew,
    },
    {
      name: "one that is claimed is no absent job",
      view: {
        due: [
          ...absent("1"),
          claimedJobOf([legOf()], { uniqueId: "c", runId: "3", abandonAt: now, heardAt: now - 40_000 }),
        ],
        absent: absent("2"),
      },
      expected: null,
    },
    {
      name: "nor makes one that is claimed overdue",
      view: { due: [claimedJobOf([legOf()], { abandonAt: now })], absent: absent("1", "2", "3") },
      expected: null,
    },
    {
      name: "not, where nobody could be heard",
      view: { due: absent("1"), absent: absent("2", "3"), renewedAt: now - 1 },
      expected: null,
    },
  ])("$name", ({ view, expected }) => {
    const silence = decideSilence(viewOf(view));
    expect(silence).toEqual(expected ?? { silentSince: null, heardSince: 0 });
    expect(sweep(view).answer.isNewlySilent).toBe(expected !== null);
    expect(sweep(view).answer.abandoned.length > 0).toBe(
      expected === null &&
        view.due?.some((job) => job.state === "queued" && job.abandonAt <= now && view.renewedAt === undefined) ===
          true,
    );
    expect(sweep(view).change?.head?.silence).toEqual(expected ?? undefined);
  });

  it("a silence that was noticed goes on, and is not new", () => {
    const silence = { silentSince: now - 5, heardSince: 3 };
    const view = { due: absent("1"), absent: absent("2", "3"), head: { silence } };
    expect(decideSilence(viewOf(view))).toBe(silence);
    expect(sweep(view).answer.isNewlySilent).toBe(false);
    expect(sweep(view).change?.head).toEqual({});
  });

  it("a silence of before is remembered by when it ended", () => {
    const head = { silence: { silentSince: null, heardSince: 3 } };
    expect(decideSilence(viewOf({ due: absent("1"), absent: absent("2", "3"), head }))).toEqual({
      silentSince: now,
      heardSince: 3,
    });
  });
});

describe("a claim whose owner is silent", () => {
  const silent = (more = {}) => claimOf([legOf({ state: "unknown" })], { owner: "you", leaseUntil: now, ...more });
  it.each([
    { name: "is taken over", state: "claimed" },
    { name: "also of a job that is over", state: "cancelled" },
  ] as const)("$name", ({ state }) => {
    const job = claimedJobOf([], { state, claim: silent() });
    const after = { ...job, claim: { ...silent(), owner: "me", leaseUntil: now + 5_000 } };
    const { answer, change } = sweep({ due: [job] });
    expect(answer).toEqual({ ...nothing, lapsed: [after] });
    expect(change).toMatchObject({ jobs: [{ before: job, after }], history: [], wake: [] });
  });

  it.each([
    { name: "while it is leased", job: claimedJobOf([], { claim: silent({ leaseUntil: now + 1 }) }), view: {} },
    {
      name: "by an instance that cannot ask its monitors",
      job: claimedJobOf([], { claim: silent() }),
      view: { canReach: () => false },
    },
    {
      name: "while it is leased, also of a job that is over",
      job: claimedJobOf([], { state: "failed", claim: silent({ leaseUntil: now + 1 }) }),
      view: {},
    },
    {
      name: "that is settled",
      job: claimedJobOf([legOf({ state: "taken" })], {
        claim: claimOf([legOf({ state: "taken" })], { leaseUntil: now }),
      }),
      view: {},
    },
  ])("is left alone $name", ({ job, view }) => {
    expect(sweep({ due: [job], ...view })).toEqual({ answer: nothing });
  });
});

describe("a job that is over", () => {
  const over = { state: "taken", answer: "[7]", forgetAt: now + 1 } as const;
  it.each([
    { name: "is forgotten when its time is over", job: jobOf({ ...over, forgetAt: now }), expected: "forgotten" },
    { name: "loses its answer when that is too old", job: jobOf({ ...over, answerUntil: now }), expected: "no answer" },
    { name: "keeps it until then", job: jobOf({ ...over, answerUntil: now + 1 }), expected: "the same" },
    {
      name: "loses it also while another instance settles what is open",
      job: claimedJobOf([legOf()], { ...over, answerUntil: now }),
      expected: "no answer",
    },
    {
      name: "without an answer stays as it is",
      job: jobOf({ state: "failed", forgetAt: now + 1 }),
      expected: "the same",
    },
  ])("$name", ({ job, expected }) => {
    const { change } = sweep({ due: [job] });
    const { answer: _, ...rest } = job;
    const after = expected === "forgotten" ? null : rest;
    expect(change?.jobs).toEqual(expected === "the same" ? undefined : [{ before: job, after }]);
  });
});

describe("the sweep counts a profile", () => {
  const rate = { ...freedRateUnknown, monitors: String(hashOf("ci0")), isScarce: true, since: now - 1_000 };
  const scarce = capacityOf({ ci0: rowOf(0, { freed: 4 }) });

  it.each([
    { name: "not before 900 ms", at: now - 899, expected: undefined },
    { name: "after 900 ms", at: now - 900, expected: { at: now, freed: 4, scarceMs: 900 } },
    { name: "at once where the clock was set back", at: now + 1, expected: { at: now, freed: 0 } },
    { name: "not in the same millisecond", at: now, expected: undefined },
  ])("how fast runners come free: $name", ({ at, expected }) => {
    const head = { freedRate: { ...rate, at } };
    const { answer, change } = sweep({ head, capacity: scarce });
    if (expected === undefined) expect([change, answer.freedRate]).toEqual([undefined, head.freedRate]);
    else {
      expect(answer.freedRate).toMatchObject(expected);
      expect(change).toEqual({
        jobs: [],
        head: { freedRate: answer.freedRate },
        history: [],
        counts: [],
        wake: [],
        makesRoom: false,
      });
    }
  });

  const paused = { by: "kim", note: "", at: 1, until: null };
  it.each([
    { name: "more are wanted than are idle", head: {}, line: [{ need: 2, jobs: 1 }], expected: true },
    { name: "as many", head: {}, line: [{ need: 1, jobs: 1 }], expected: false },
    { name: "what nobody can serve is not wanted", head: {}, line: [{ need: 10, jobs: 1 }], expected: false },
    { name: "nothing is wanted while it is paused", head: { paused }, line: [{ need: 2, jobs: 1 }], expected: false },
  ])("whether they are scarce: $name", ({ head, line, expected }) => {
    const view = { head: { ...head, freedRate: { ...rate, at: 1 } }, sizes: { line, aside: [], claimed: [] } };
    expect(sweep(view).answer.freedRate.isScarce).toBe(expected);
  });

  it("once a minute, who waits and what is idle", () => {
    const sizes = { line: [{ need: 2, jobs: 3 }], aside: [{ need: 1, jobs: 1 }], claimed: [] };
    const minute = Math.floor(now / 60_000);
    const { change } = sweep({
      head: { chart: [] },
      sizes,
      capacity: capacityOf({ ci0: rowOf(2), ci1: rowOf(3, { isFailing: true }) }),
    });
    // and of the hour that begins: a minute, those who wait, what is idle, what of it is wanted
    const counts = Object.entries({ m: 1, w: 4, i: 2, x: 2 }).map(([name, by]) => {
      return { hour: Math.floor(now / 3_600_000), name, otherwise: name, by };
    });
    const nothing = { jobs: [], history: [], wake: [], makesRoom: false };
    expect(change).toEqual({ ...nothing, head: { chart: [[minute, 4, 2]] }, counts });
    const both = sweep({ head: { chart: [], freedRate: { ...rate, at: now - 900 } }, capacity: scarce });
    expect(Object.keys(both.change?.head ?? {}), "with how fast they come free").toEqual(["freedRate", "chart"]);
  });
});

describe("for jobs for which nobody may poll it names", () => {
  const front = [
    { uniqueId: "a", need: 1, order: String(enqueuedAt * 1000).padStart(16, "0") },
    { uniqueId: "b", need: 1, order: String(now * 1000).padStart(16, "0") },
  ];
  const long = settings.detachedMaxWaitMs;
  const heldAt = (uniqueId: string, place: number, more: Partial<Job> = {}) =>
    jobOf({ uniqueId, place, detached: "queued", limit, ...more });
  it.each([
    { name: "whose turn it is", view: { front }, expected: ["a"] },
    {
      name: "nobody while the profile is paused",
      view: { front, head: { paused: { by: "", note: "", at: 0, until: null } } },
      expected: [],
    },
    {
      name: "who has waited for too long",
      view: { front, now: enqueuedAt + long, capacity: capacityOf({}) },
      expected: ["a"],
    },
    {
      name: "who has to be looked for after a loss",
      view: {
        absent: [
          jobOf({ detached: "queued", clearedFor: 0 }),
          jobOf({ uniqueId: "b", clearedFor: 0 }),
          jobOf({ uniqueId: "c", detached: "queued" }),
        ],
      },
      expected: ["a"],
    },
    {
      name: "the first of each flow that a limit holds, as far as nobody polls for them",
      view: {
        absent: [
          heldAt("late", 5),
          heldAt("first", 4),
          heldAt("first-of-others", 2, { qualifiedRepo: "o/other" }),
          heldAt("late-of-others", 3, { qualifiedRepo: "o/other" }),
          jobOf({ uniqueId: "polled", limit, place: 1 }),
          jobOf({ uniqueId: "not-held", detached: "queued", place: 1 }),
        ],
      },
      expected: ["first", "first-of-others"],
    },
  ])("$name", ({ view, expected }) => {
    expect(sweep(view).answer.toAttend).toEqual(expected);
  });

  it("those whose reserved runners should have started them by now", () => {
    const startOf = (lookAt?: number): Job["start"] => ({
      state: "starting",
      since: 1,
      reservedAt: 1,
      runners: ["ci0/1"],
      ...(lookAt !== undefined && { lookAt }),
    });
    const due = [startOf(now), startOf(now + 1), startOf(), undefined].map((start) =>
      jobOf({ state: "taken", ...(start !== undefined && { start }) }),
    );
    expect(sweep({ due }).answer.toWatch).toEqual([due[0]]);
  });

  it("those for which GitHub waits again, once no monitor can be at work for them", () => {
    const word = [{ id: 9, attempt: 2, state: "queued" as const }];
    const due = [jobOf({ state: "taken", word }), jobOf({ ...claimedJobOf(), state: "taken", uniqueId: "b", word })];
    expect(sweep({ due }).answer.toHear).toEqual([due[0]]);
  });
});

it("leaves a job present that GitHub says to wait, however long ago it was heard", () => {
  const waiting = { detached: "queued", presentUntil: now - 1, abandonAt: now - 1 } as const;
  expect(passed(jobOf({ ...waiting, isPresent: false, asideUntil: now }))).toEqual(jobOf(waiting));
});
