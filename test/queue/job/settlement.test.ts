// What becomes of a job when the outcome of a leg is known.
import { describe, expect, it } from "vitest";
import type { FleetRow } from "../../../src/queue/fleet/fleet.ts";
import type { Job } from "../../../src/queue/job/job.ts";
import type { LegOutcome, RefusalCause } from "../../../src/queue/job/leg-outcome.ts";
import { namesOfSettlement, type Settlement, settleJob } from "../../../src/queue/job/settlement.ts";
import {
  claimedJobOf,
  claimOf,
  fleetOf,
  jobOf,
  legOf,
  now,
  rowOf,
  runnerOf,
  settings,
} from "../../support/queue-data.ts";

const claimedAt = now - 5_000;
const out = (runners = 1): Partial<FleetRow> => ({ out: [["claim-1", runners, now + 147_000]] });
const taken = (...ids: string[]): LegOutcome => ({
  monitor: "ci0",
  state: "taken",
  runners: ids.map((id) => runnerOf(id)),
});
const refused = (cause: RefusalCause = "not_reserved", monitor = "ci0"): LegOutcome => ({
  monitor,
  state: "refused",
  cause,
});
const unknown = (evidenceInMs: number): LegOutcome => ({ monitor: "ci0", state: "unknown", evidenceInMs });
const held = (id: string, sinceMsAgo = 5_000) => ({ ...runnerOf(id), since: now - sinceMsAgo });
function settle(
  job: Job,
  legs: readonly LegOutcome[],
  { row = rowOf(3, out()), ...more }: Partial<Settlement> & { readonly row?: FleetRow | null } = {},
) {
  const settlement = { claimId: "claim-1", claimedAt, legs, found: [], clearedFor: null, ...more };
  return settleJob(job, row === null ? new Map() : fleetOf({ ci0: row }), settlement, now, settings);
}

describe("a leg that brought all runners", () => {
  it("ends the job: the answer lives until ANSWER_TTL after the claim, and the monitor's row shows what was reserved", () => {
    const row = rowOf(3, { ...out(), refusedJobs: ["b", "c"], refusals: 7, blockedUntil: now + 5, emptyAt: 4 });
    const { job, takes, reply, leaked } = settle(claimedJobOf(), [taken("7")], { row });
    expect(reply).toEqual({ kind: "taken", answer: '{"id":"7"}', isNew: true });
    expect(leaked).toEqual([]);
    const { claim: _, ...kept } = claimedJobOf();
    expect(job).toEqual({
      ...kept,
      state: "taken",
      answer: '{"id":"7"}',
      answerUntil: claimedAt + 45_000,
      spentRunners: ["ci0/7"],
      tries: [[10, "ci0", "taken", "", 1]],
      endedAt: now,
      forgetAt: now + 3_600_000,
    });
    expect([...takes]).toEqual([
      [
        "ci0",
        {
          out: [],
          settled: [[now, 1]],
          emptyAt: 4,
          refusedJobs: [],
          refusals: 0,
          blockedUntil: 0,
          lastTakeAt: 0,
        },
      ],
    ]);
  });

  it("answers several runners as one list, and what stood in hand comes first", () => {
    const job = claimedJobOf([legOf({ runners: 2 })], {
      runnerCount: 3,
      runnersInHand: [held("1", 20_000)],
      asideUntil: 1,
    });
    const { reply, job: after } = settle(job, [taken("2", "3")]);
    expect(reply).toEqual({ kind: "taken", answer: '[{"id":"1"},{"id":"2"},{"id":"3"}]', isNew: true });
    expect(after).toMatchObject({ answerUntil: now - 20_000 + 45_000, spentRunners: ["ci0/1", "ci0/2", "ci0/3"] });
    expect(after).not.toHaveProperty("runnersInHand");
    expect(after).not.toHaveProperty("asideUntil");
  });

  it("of which no row is known changes no row", () => {
    const { takes, reply } = settle(claimedJobOf(), [taken("7")], { row: null });
    expect([takes.size, reply.kind]).toEqual([0, "taken"]);
  });

  it("reports as leaked what is more than was asked for", () => {
    const { leaked, reply, job } = settle(claimedJobOf(), [taken("7", "8")]);
    expect([leaked, reply.kind]).toEqual([["ci0/8"], "taken"]);
    expect(job.spentRunners).toEqual(["ci0/8", "ci0/7"]);
  });
});

it("where starts are watched, a job's runners are looked at a START_TIMEOUT after they were reserved", () => {
  const settlement = { claimId: "claim-1", claimedAt, legs: [taken("7")], found: [], clearedFor: null };
  const watched = { ...settings, startWatch: "report" as const };
  expect(settleJob(claimedJobOf(), new Map(), settlement, now, watched).job.start).toEqual({
    state: "starting",
    since: now,
    reservedAt: claimedAt,
    runners: ["ci0/7"],
    lookAt: claimedAt + 60_000,
  });
});

describe("what monitors said is remembered", () => {
  const spoken = legOf({ state: "unknown", words: "null" });
  it.each([
    {
      name: "a refusal, in its own words",
      leg: legOf(),
      outcome: { ...refused(), words: "no idle" },
      expected: ["not_reserved", "no idle"],
    },
    {
      name: "a refusal by evidence, in the words of before",
      leg: spoken,
      outcome: refused(),
      expected: ["not_reserved", "null"],
    },
    {
      name: "newer words instead of older",
      leg: spoken,
      outcome: { ...refused(), words: "gone" },
      expected: ["not_reserved", "gone"],
    },
    { name: "a refusal without any", leg: legOf(), outcome: refused("unsent"), expected: ["unsent", ""] },
    {
      name: "what evidence found, in the words of before",
      leg: spoken,
      outcome: taken("7"),
      expected: ["taken", "null"],
    },
  ])("$name", ({ leg, outcome, expected }) => {
    expect(settle(claimedJobOf([leg]), [outcome]).job.tries).toEqual([[10, "ci0", ...expected, 1]]);
  });

  it("while the outcome is unknown, with its leg", () => {
    const { job } = settle(claimedJobOf(), [{ ...unknown(0), words: "null" } as LegOutcome]);
    expect(job.claim?.legs).toMatchObject([{ state: "unknown", words: "null" }]);
    expect(job.tries).toBeUndefined();
    expect(settle(claimedJobOf(), [unknown(0)]).job.claim?.legs[0]).not.toHaveProperty("words");
  });

  it("and so is what GitHub calls the runners, as far as they said", () => {
    const named = { ...runnerOf("8"), body: '{"runner":{"registration":{"name":"linux.8"}}}' };
    const job = claimedJobOf([legOf({ runners: 2 })], { runnerCount: 2 });
    const legs: LegOutcome[] = [{ monitor: "ci0", state: "taken", runners: [runnerOf("7"), named] }];
    expect(settle(job, legs).job.runnerNames).toEqual(["linux.8"]);
    expect(settle(claimedJobOf(), [taken("7")]).job).not.toHaveProperty("runnerNames");
  });
});

it("what comes of another claim than the job's leaves its open legs as they are", () => {
  for (const claimId of ["claim-0", null]) {
    const { job, takes, reply } = settle(claimedJobOf(), [refused()], { claimId });
    expect([job, takes.size, reply]).toEqual([claimedJobOf(), 0, { kind: "open" }]);
  }
});

it("a job stays claimed while another leg is open, with what it has in hand", () => {
  const job = claimedJobOf([legOf(), legOf({ monitor: "ci1" })], { runnerCount: 2 });
  const { job: after, reply } = settle(job, [taken("7")]);
  expect(reply).toEqual({ kind: "open" });
  expect(after).toMatchObject({ state: "claimed", runnersInHand: [{ id: "7", since: claimedAt }] });
  expect(after.claim?.legs.map(({ state }) => state)).toEqual(["taken", "pending"]);
});

describe("a leg whose outcome is unknown", () => {
  it.each([
    { name: "the monitor answered", inMs: 0, holdUntil: now + 87_000, expected: { after: now, hold: now + 87_000 } },
    {
      name: "it stayed silent",
      inMs: 25_000,
      holdUntil: now + 87_000,
      expected: { after: now + 25_000, hold: now + 87_000 },
    },
    {
      name: "10 s are left for evidence",
      inMs: 77_000,
      holdUntil: now + 87_000,
      expected: { after: now + 77_000, hold: now + 87_000 },
    },
    {
      name: "less are left",
      inMs: 77_001,
      holdUntil: now + 87_000,
      expected: { after: now + 77_001, hold: now + 87_001 },
    },
    { name: "a millisecond is left", inMs: 0, holdUntil: now + 1, expected: { after: now, hold: now + 10_000 } },
    {
      name: "it was given up: late news never extends the wait",
      inMs: 25_000,
      holdUntil: now,
      expected: { after: now + 25_000, hold: now },
    },
  ])("waits for evidence: $name", ({ inMs, holdUntil, expected }) => {
    const row = rowOf(3, { out: [["claim-1", 1, holdUntil + 60_000]] });
    const { job, takes, reply } = settle(claimedJobOf([legOf({ holdUntil })]), [unknown(inMs)], { row });
    expect(reply).toEqual({ kind: "open" });
    expect(job.claim?.legs).toEqual([
      { monitor: "ci0", runners: 1, state: "unknown", evidenceAfter: expected.after, holdUntil: expected.hold },
    ]);
    expect(takes.get("ci0")?.out).toEqual([["claim-1", 1, expected.hold + 60_000]]);
    expect(job.asked).toEqual({ ci0: claimedAt });
  });
});

describe("a leg that was refused", () => {
  const others = { refusedJobs: ["b"] };
  it.each([
    {
      cause: "not_reserved",
      row: {},
      charged: true,
      asked: true,
      refusals: 1,
      uncharged: undefined,
      blockedMs: 0,
      marks: ["a"],
    },
    {
      cause: "not_reserved",
      row: { refusedJobs: ["a"] },
      charged: true,
      asked: true,
      refusals: 1,
      uncharged: undefined,
      blockedMs: 0,
      marks: ["a"],
    },
    {
      cause: "not_reserved",
      row: others,
      charged: false,
      asked: true,
      refusals: 0,
      uncharged: 1,
      blockedMs: 1_000,
      marks: ["b", "a"],
    },
    {
      cause: "no_evidence",
      row: {},
      charged: false,
      asked: false,
      refusals: 0,
      uncharged: undefined,
      blockedMs: 0,
      marks: ["a"],
    },
    {
      cause: "unreachable",
      row: {},
      charged: false,
      asked: false,
      refusals: 0,
      uncharged: undefined,
      blockedMs: 0,
      marks: ["a"],
    },
    {
      cause: "rejected",
      row: {},
      charged: false,
      asked: false,
      refusals: 0,
      uncharged: undefined,
      blockedMs: 60_000,
      marks: ["a"],
    },
  ] as const)(
    "as $cause with marks $row is a mark against its monitor, and against the job only where nobody else was refused",
    (one) => {
      const row = rowOf(3, {
        ...out(),
        blockedUntil: 0,
        refusedJobs: [...("refusedJobs" in one.row ? one.row.refusedJobs : [])],
      });
      const { job, takes, reply } = settle(claimedJobOf(), [refused(one.cause)], { row });
      expect(reply).toEqual({ kind: "queued" });
      expect(job.claim?.legs).toMatchObject([{ state: "refused", isCharged: one.charged }]);
      expect(job.asked).toEqual(one.asked ? { ci0: claimedAt } : undefined);
      expect(job).toMatchObject({ state: "queued", refusals: one.refusals });
      expect(job.unchargedRefusals).toBe(one.uncharged);
      expect(takes.get("ci0")).toMatchObject({
        out: [],
        emptyAt: now,
        refusals: 1,
        refusedJobs: one.marks,
        blockedUntil: now + one.blockedMs,
      });
    },
  );

  it.each(["unsent", "undecided"] as const)(
    "as %s is nobody's fault: the monitor is left alone for a second",
    (cause) => {
      const { job, takes } = settle(claimedJobOf(), [refused(cause)]);
      expect(job).toMatchObject({ state: "queued", refusals: 0 });
      expect(job.asked).toBeUndefined();
      expect(takes.get("ci0")).toMatchObject({
        out: [],
        emptyAt: 0,
        refusals: 0,
        refusedJobs: [],
        blockedUntil: now + 1_000,
      });
    },
  );

  it("where no row is known is charged to the job: nobody else was refused there", () => {
    expect(settle(claimedJobOf(), [refused()], { row: null }).job.refusals).toBe(1);
  });

  it.each([
    { presentUntil: now + 1, expected: true },
    { presentUntil: now, expected: false },
  ])("returns the job to its place, present as long as it is: $presentUntil", ({ presentUntil, expected }) => {
    const { job } = settle(claimedJobOf([legOf()], { presentUntil }), [refused()]);
    expect([job.isPresent, job.place]).toEqual([expected, claimedJobOf().place]);
  });

  it("at two monitors whose marks were made by this settlement", () => {
    const job = claimedJobOf([legOf(), legOf({ monitor: "ci1" })], { runnerCount: 2, asked: { ci7: 3 } });
    const { job: after, takes } = settle(job, [refused(), refused("not_reserved", "ci1")]);
    expect(after.asked).toEqual({ ci7: 3, ci0: claimedAt, ci1: claimedAt });
    expect([...takes.keys()]).toEqual(["ci0"]);
  });

  it("returns a job that GitHub says to wait present, however long nobody polled", () => {
    const { job } = settle(claimedJobOf([legOf()], { presentUntil: 1, detached: "queued" }), [refused()]);
    expect(job.isPresent).toBe(true);
  });

  it("leaves the other legs as they are", () => {
    const { job, reply } = settle(claimedJobOf([legOf(), legOf({ monitor: "ci1" })], { runnerCount: 2 }), [refused()]);
    expect([reply.kind, job.refusals]).toEqual(["open", 0]);
  });
});

describe("MAX_ATTEMPTS refusals that count", () => {
  it.each([
    { refusals: 3, kind: "queued" },
    { refusals: 4, kind: "failed" },
    { refusals: 5, kind: "failed" },
  ])("end the job, after $refusals: $kind", ({ refusals, kind }) => {
    const { reply, job } = settle(claimedJobOf([legOf()], { refusals }), [refused()]);
    expect(reply).toEqual(kind === "failed" ? { kind, isNew: true } : { kind });
    expect([job.state, job.refusals, job.endedAt]).toEqual([kind, refusals + 1, kind === "failed" ? now : undefined]);
  });

  it("are one per claim, however many of its legs were refused", () => {
    const job = claimedJobOf([legOf(), legOf({ monitor: "ci1" })], { runnerCount: 2, refusals: 3 });
    expect(settle(job, [refused(), refused("not_reserved", "ci1")]).job.refusals).toBe(4);
  });

  it("let go of what was in hand", () => {
    const job = claimedJobOf([legOf()], { runnerCount: 2, refusals: 4, runnersInHand: [held("1")] });
    const settled = settle(job, [refused()]);
    expect([settled.reply.kind, settled.leaked]).toEqual(["failed", ["ci0/1"]]);
    expect(settled.job.spentRunners).toEqual(["ci0/1"]);
    expect(settled.job).not.toHaveProperty("runnersInHand");
  });

  it("do not count a claim that brought some of the runners", () => {
    const job = claimedJobOf([legOf(), legOf({ monitor: "ci1" })], {
      runnerCount: 2,
      refusals: 4,
      unchargedRefusals: 6,
    });
    const { job: after, reply } = settle(job, [taken("7"), refused("not_reserved", "ci1")]);
    expect([reply.kind, after.refusals]).toEqual(["queued", 4]);
    expect(after.runnersInHand).toMatchObject([{ id: "7" }]);
    expect(after).not.toHaveProperty("unchargedRefusals");
  });
});

it("fewer runners than asked for are kept, and their monitor counts as empty", () => {
  const job = claimedJobOf([legOf({ runners: 2 })], { runnerCount: 2 });
  const { job: after, takes, reply } = settle(job, [taken("7")], { row: rowOf(3, out(2)) });
  expect([reply.kind, after.refusals, after.runnersInHand?.length]).toEqual(["queued", 0, 1]);
  expect(after.asked, "it may have reserved more").toEqual({ ci0: claimedAt });
  expect(takes.get("ci0")).toMatchObject({ emptyAt: now, settled: [[now, 1]] });
});

describe("a job that monitors refuse like everybody else", () => {
  it.each([
    [1, undefined],
    [2, undefined],
    [3, 1_000],
    [4, 2_000],
    [7, 16_000],
    [8, 30_000],
    [9, 30_000],
    [60, 30_000],
  ])("stands aside after the refusal no. %d for %s ms", (nth, asideMs) => {
    const job = claimedJobOf([legOf()], nth === 1 ? {} : { unchargedRefusals: nth - 1 });
    const { job: after } = settle(job, [refused()], { row: rowOf(3, { ...out(), refusedJobs: ["b"] }) });
    expect(after.unchargedRefusals).toBe(nth);
    expect(after.asideUntil).toBe(asideMs === undefined ? undefined : now + asideMs);
  });

  it("stands aside no shorter than it does already", () => {
    const job = claimedJobOf([legOf()], { unchargedRefusals: 2, asideUntil: now + 1_001 });
    const { job: after } = settle(job, [refused()], { row: rowOf(3, { ...out(), refusedJobs: ["b"] }) });
    expect(after.asideUntil).toBe(now + 1_001);
  });

  it("lets one monitor of two refuse it, where the other was not reached", () => {
    const job = claimedJobOf([legOf(), legOf({ monitor: "ci1" })], { runnerCount: 2 });
    const row = rowOf(3, { ...out(), refusedJobs: ["b"] });
    const { job: after } = settle(job, [refused(), refused("unreachable", "ci1")], { row });
    expect([after.refusals, after.unchargedRefusals]).toEqual([0, 1]);
  });

  it("is charged if one of its legs is", () => {
    const job = claimedJobOf([legOf(), legOf({ monitor: "ci1" })], { runnerCount: 2 });
    const row = rowOf(3, { ...out(), refusedJobs: ["b"] });
    const { job: after } = settle(job, [refused(), refused("not_reserved", "ci1")], { row });
    expect([after.refusals, after.unchargedRefusals]).toEqual([1, undefined]);
  });

  it("is not refused by a monitor whose runners came too late to be given", () => {
    const legs = [legOf()];
    const job = claimedJobOf(legs, { claim: claimOf(legs, { at: now - 45_000 }) });
    const { job: after, leaked } = settle(job, [taken("7")]);
    expect([after.state, leaked]).toEqual(["queued", ["ci0/7"]]);
    expect([after.refusals, after.unchargedRefusals]).toEqual([0, undefined]);
  });

  it("forgets a refusal of an earlier claim at a monitor that was not reached this time", () => {
    const job = claimedJobOf([legOf()], { asked: { ci0: claimedAt - 1 } });
    const { job: after } = settle(job, [refused("unreachable")]);
    expect(after.unchargedRefusals).toBeUndefined();
  });
});

describe("runners that come late, or that evidence found", () => {
  const found = (id: string, msAgo: number) => ({ ...runnerOf(id, "ci9"), since: now - msAgo });

  it.each([
    { name: "of a claim of before", legs: [taken("7")], more: { claimId: "claim-0" } },
    { name: "of no claim", legs: [taken("7")], more: { claimId: null } },
    { name: "found elsewhere", legs: [], more: { claimId: null, found: [{ ...found("7", 5_000), monitor: "ci0" }] } },
  ])("serve a job that waits: $name", ({ legs, more }) => {
    const { job, reply, takes } = settle(jobOf({ runnersInHand: [] }), legs, more);
    expect(reply).toEqual({ kind: "taken", answer: '{"id":"7"}', isNew: true });
    expect([job.answerUntil, takes.size]).toEqual([claimedAt + 45_000, 0]);
  });

  it("serve one whose own leg was given up: the leg stays as it is", () => {
    const job = jobOf({ claim: claimOf([legOf({ state: "refused" })]) });
    const { job: after, takes, reply } = settle(job, [taken("7")]);
    expect([after.state, takes.size, reply.kind]).toEqual(["taken", 0, "taken"]);
    expect(after).not.toHaveProperty("tries");
  });

  it.each([
    { name: "a millisecond before ANSWER_TTL", msAgo: 44_999, leaked: [] },
    { name: "at ANSWER_TTL", msAgo: 45_000, leaked: ["ci9/7"] },
  ])("are given out only while they are young enough: $name", ({ msAgo, leaked }) => {
    const settled = settle(jobOf(), [], { claimId: null, found: [found("7", msAgo)] });
    expect(settled.leaked).toEqual(leaked);
    expect(settled.job.state).toBe(leaked.length === 0 ? "taken" : "queued");
  });

  it.each([
    // its monitor may have been at work for 25 s, and destroys it 60 s after
    { name: "by now it is reserved at the latest", msAgo: 50_000, expected: now - 50_000 + 85_000 },
    { name: "no later than now", msAgo: 45_000, expected: now - 45_000 + 85_000 },
    { name: "it should be gone by the clock, which was set", msAgo: 3_600_000, expected: now + 60_000 },
  ])("and make the job stand aside until the old one is gone: $name", ({ msAgo, expected }) => {
    const { job } = settle(jobOf(), [taken("7")], { claimId: "claim-0", claimedAt: now - msAgo });
    expect(job).toMatchObject({ asideUntil: expected, spentRunners: ["ci0/7"] });
  });

  it("and make it stand aside for a minute where evidence just saw one that may be as old as the job", () => {
    const { job } = settle(jobOf(), [], { claimId: null, found: [found("7", 600_000)] });
    expect(job).toMatchObject({ asideUntil: now + 60_000, spentRunners: ["ci9/7"] });
  });

  it("of a moment ago are never reserved later than now", () => {
    const slow = { ...settings, monitorSettleMs: 50_000 };
    const settlement = { claimId: null, claimedAt: now - 45_000, legs: [taken("7")], found: [], clearedFor: null };
    expect(settleJob(jobOf(), new Map(), settlement, now, slow).job.asideUntil).toBe(now + 60_000);
  });

  it.each([
    { name: "too many", job: jobOf(), ids: ["7", "8"], leaked: ["ci9/8"], aside: undefined },
    {
      name: "for a job that is over",
      job: jobOf({ state: "cancelled" }),
      ids: ["7"],
      leaked: ["ci9/7"],
      aside: undefined,
    },
  ])("that nobody can use are leaked, and nobody stands aside for them: $name", ({ job, ids, leaked, aside }) => {
    const settled = settle(job, [], { claimId: null, found: ids.map((id) => found(id, 5_000)) });
    expect(settled.leaked).toEqual(leaked);
    expect(settled.job.asideUntil).toBe(aside);
    expect(settled.job.spentRunners).toContain(leaked[0]);
  });

  it("that are more than was asked for make nobody stand aside while another leg is open", () => {
    const { job, leaked } = settle(claimedJobOf([legOf(), legOf({ monitor: "ci1" })]), [taken("7", "8")]);
    expect([job.state, leaked, job.asideUntil]).toEqual(["claimed", ["ci0/8"], undefined]);
  });

  it("that are too old are why it stands aside, whatever limit held it before", () => {
    const limit = { scope: "owner" as const, name: "o", maxRunners: 1, inUse: 1 };
    const { job } = settle(jobOf({ limit }), [], { claimId: null, found: [found("7", 600_000)] });
    expect(job).not.toHaveProperty("limit");
  });

  it("that are too old for a job that is over leave it as it is", () => {
    const settled = settle(jobOf({ state: "cancelled", endedAt: 3 }), [], {
      claimId: null,
      found: [found("7", 50_000)],
    });
    expect(settled.job).toEqual(jobOf({ state: "cancelled", endedAt: 3, spentRunners: ["ci9/7"] }));
    expect(settled.reply).toEqual({ kind: "over" });
  });

  it.each([
    { name: "in hand", job: { runnersInHand: [{ ...held("7"), monitor: "ci9" }] } },
    {
      name: "one of several in hand",
      job: { runnerCount: 3, runnersInHand: [held("6"), { ...held("7"), monitor: "ci9" }] },
    },
    {
      name: "in hand, though its body is another by now",
      job: { runnersInHand: [{ ...held("7"), monitor: "ci9", body: "{}" }] },
    },
    { name: "in hand, its monitor has another name by now", job: { runnersInHand: [held("7")] } },
    { name: "let go before", job: { spentRunners: ["ci9/7"] } },
  ])("are no news where they are known: $name", ({ job }) => {
    const before = jobOf({ runnerCount: 2, ...job });
    const settled = settle(before, [], { claimId: null, found: [found("7", 5_000)] });
    expect([settled.job, settled.leaked]).toEqual([before, []]);
  });

  it("are another runner where id and monitor, or id and body, are not both the same", () => {
    const before = jobOf({ runnerCount: 3, runnersInHand: [held("7")] });
    const other = { ...found("7", 5_000), body: "{}" };
    const second = { ...found("8", 5_000), monitor: "ci0", body: '{"id":"7"}' };
    expect(settle(before, [], { claimId: null, found: [other, second] }).job.state).toBe("taken");
  });
});

it.each([
  { name: "the same leg twice", outcome: taken("7") },
  { name: "a refusal after it was taken", outcome: refused() },
  { name: "unknown after it was taken", outcome: unknown(0) },
])("a settlement that arrives twice changes nothing: $name", ({ outcome }) => {
  const once = settle(claimedJobOf(), [taken("7")]).job;
  const twice = settle(once, [outcome]);
  expect(twice).toEqual({
    job: once,
    takes: new Map(),
    leaked: [],
    reply: { kind: "taken", answer: '{"id":"7"}', isNew: false },
  });
});

describe("a job that is over", () => {
  it.each([
    { state: "cancelled", reply: { kind: "over" } },
    { state: "abandoned", reply: { kind: "over" } },
    { state: "failed", reply: { kind: "failed", isNew: false } },
    { state: "taken", reply: { kind: "taken", answer: "null", isNew: false } },
  ] as const)("still settles its open legs, and stays $state", ({ state, reply }) => {
    const before = claimedJobOf([legOf()], { state, endedAt: 3, forgetAt: 4 });
    const settled = settle(before, [taken("7")], { clearedFor: 5 });
    expect([settled.reply, settled.leaked]).toEqual([reply, ["ci0/7"]]);
    expect(settled.job).toMatchObject({ state, endedAt: 3, forgetAt: 4, spentRunners: ["ci0/7"] });
    expect(settled.job.clearedFor).toBe(before.clearedFor);
    expect(settled.takes.get("ci0")).toMatchObject({ out: [], settled: [[now, 1]] });
  });

  it("stays over when the last leg is refused", () => {
    const settled = settle(claimedJobOf([legOf()], { state: "cancelled" }), [refused()]);
    expect([settled.job.state, settled.job.refusals]).toEqual(["cancelled", 0]);
  });
});

it("a runner that was reserved ahead of the clock, which was set back, counts as reserved now: its answer is good at once", () => {
  const { job } = settle(jobOf({ clearedFor: undefined }), [], { found: [held("1", -50_000)], clearedFor: 1 });
  expect(job).toMatchObject({ state: "taken", answerUntil: now + settings.answerTtlMs });
});

it("evidence clears a job of before a loss, for that loss", () => {
  const { job } = settle(jobOf({ clearedFor: 1 }), [], { claimId: null, clearedFor: 2 });
  expect(job).toEqual(jobOf({ clearedFor: 2 }));
});

it("evidence that clears a job in line counts none of its refusals again, and leaves its presence as it is", () => {
  const claim = claimOf([legOf({ state: "refused", isCharged: true })]);
  const job = jobOf({ clearedFor: 1, refusals: 1, presentUntil: now - 1, claim });
  expect(settle(job, [], { claimId: null, clearedFor: 2 }).job).toEqual({ ...job, clearedFor: 2 });
});

describe("runners in hand that are too old to be given", () => {
  it.each([
    { name: "not yet", msAgo: 44_999, leaked: [] },
    { name: "at ANSWER_TTL", msAgo: 45_000, leaked: ["ci0/1"] },
  ])("are let go before anything is decided: $name", ({ msAgo, leaked }) => {
    const before = claimedJobOf([legOf()], { runnerCount: 2, runnersInHand: [held("1", msAgo)] });
    const settled = settle(before, [taken("2")]);
    expect(settled.leaked).toEqual(leaked);
    expect(settled.job.state).toBe(leaked.length === 0 ? "taken" : "queued");
  });

  it("are let go alone: younger ones stay", () => {
    const before = jobOf({ runnerCount: 3, runnersInHand: [held("1", 45_000), held("2", 1_000)] });
    const { job, leaked } = settle(before, [], { claimId: null });
    expect(leaked).toEqual(["ci0/1"]);
    expect(job.runnersInHand).toEqual([held("2", 1_000)]);
    expect(job).toMatchObject({ spentRunners: ["ci0/1"], asideUntil: now - 45_000 + 85_000 });
  });
});

it("the names of all runners that a settlement brought", () => {
  const legs = [taken("1", "2"), refused("unsent", "ci1")];
  const found = [{ ...runnerOf("3", "ci2"), since: 0 }];
  expect(namesOfSettlement({ claimId: null, claimedAt: 0, legs, found, clearedFor: null })).toEqual([
    "ci0/1",
    "ci0/2",
    "ci2/3",
  ]);
});
