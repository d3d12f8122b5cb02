// Settle: outcomes become the job's that they belong to, and others hear of it.
import { describe, expect, it } from "vitest";
import type { Job } from "../../../src/queue/job/job.ts";
import type { LegOutcome } from "../../../src/queue/job/leg-outcome.ts";
import type { Settlement } from "../../../src/queue/job/settlement.ts";
import { settleOperation } from "../../../src/queue/operations/settle.ts";
import { claimedJobOf, jobOf, legOf, now, runnerOf, settings, ticket, viewOf } from "../../support/queue-data.ts";

const taken = (...ids: string[]): LegOutcome => ({
  monitor: "ci0",
  state: "taken",
  runners: ids.map((id) => runnerOf(id)),
});
const refused: LegOutcome = { monitor: "ci0", state: "refused", cause: "not_reserved" };
const unknown: LegOutcome = { monitor: "ci0", state: "unknown", evidenceInMs: 0 };
const settlementOf = (legs: LegOutcome[]): Settlement => ({
  claimId: "claim-1",
  claimedAt: now - 5_000,
  legs,
  found: [],
  clearedFor: null,
});
const settle = (job: Job | null, ...legs: LegOutcome[]) =>
  settleOperation(ticket, settlementOf(legs)).decide(viewOf({ a: { job } }));

it("reads its job, and whose turn it is next", () => {
  const { name, profileKey, reads } = settleOperation(ticket, settlementOf([]));
  expect({ name, profileKey, reads }).toEqual({
    name: "settle",
    profileKey: "linux",
    reads: { jobs: [{ uniqueId: "a", order: null }], front: true, flows: true },
  });
});

it.each([
  { name: "at TICKET_MAX_AGE", ageMs: settings.ticketMaxAgeMs, isBack: true },
  { name: "past it", ageMs: settings.ticketMaxAgeMs + 1, isBack: false },
])("late news of a job that the store has lost brings it back while its ticket is good: $name", ({ ageMs, isBack }) => {
  const old = { ...ticket, place: (now - ageMs) * 1000 };
  const { answer, change } = settleOperation(old, settlementOf([taken("1")])).decide(viewOf({ a: { job: null } }));
  expect(change !== undefined).toBe(isBack);
  expect(answer.reply.kind === "lost").toBe(!isBack);
  if (!isBack) expect(answer.leaked).toEqual(["ci0/1"]);
});

it("what comes of a job that is known counts, however old its ticket is", () => {
  const job = claimedJobOf([legOf()], { place: 1 });
  const { answer } = settleOperation({ ...ticket, place: 1 }, settlementOf([taken("1")])).decide(
    viewOf({ a: { job } }),
  );
  expect(answer.reply.kind).toBe("taken");
});

describe("a settlement belongs to the job of its ticket, and to no later one", () => {
  it.each([
    { name: "the same place", job: claimedJobOf(), isTheirs: true },
    { name: "the same place, whatever the job says", job: claimedJobOf([legOf()], { runId: "2" }), isTheirs: true },
    { name: "the same request at another place", job: claimedJobOf([legOf()], { place: 7 }), isTheirs: true },
    { name: "another request", job: claimedJobOf([legOf()], { place: 7, runId: "2" }), isTheirs: false },
    {
      name: "the same request, enqueued anew since",
      job: claimedJobOf([legOf()], { place: ticket.place + 1, endedPlace: ticket.place }),
      isTheirs: false,
    },
    {
      name: "a ticket given since the one before ended",
      job: claimedJobOf([legOf()], { place: ticket.place + 1, endedPlace: ticket.place - 1 }),
      isTheirs: true,
    },
  ])("$name", ({ job, isTheirs }) => {
    const decision = settle(job, taken("7"));
    if (isTheirs) expect(decision.answer).toMatchObject({ reply: { kind: "taken" }, leaked: [] });
    else expect(decision).toEqual({ answer: { reply: { kind: "lost" }, job: null, leaked: ["ci0/7"] } });
  });
});

describe("what is settled is written, and all who may be concerned are told", () => {
  const told = { wake: ["a"], makesRoom: true };
  it.each([
    { name: "taken", legs: [taken("7")], what: "taken", raisesRoom: false },
    { name: "more than asked for", legs: [taken("7", "8")], what: "taken", raisesRoom: false },
    { name: "refused: others counted on it", legs: [refused], what: "queued", raisesRoom: true },
    {
      name: "taken, and fewer than asked for: the monitor is empty",
      legs: [taken()],
      what: "queued",
      raisesRoom: true,
    },
    { name: "unknown: it stays claimed, and the history says nothing", legs: [unknown], what: null, raisesRoom: false },
  ])("$name", ({ legs, what, raisesRoom }) => {
    const { answer, change } = settle(claimedJobOf(), ...legs);
    expect(change).toMatchObject({ ...told, raisesRoom, jobs: [{ before: claimedJobOf(), after: answer.job }] });
    expect(change?.history?.map((entry) => entry.what)).toEqual(what === null ? [] : [what]);
    expect([...(change?.takes?.keys() ?? [])]).toEqual(["ci0"]);
  });

  it("a refusal among other outcomes too", () => {
    const job = claimedJobOf([legOf(), legOf({ monitor: "ci1" })], { runnerCount: 2 });
    expect(settle(job, { ...taken("7"), monitor: "ci1" } as LegOutcome, refused).change?.raisesRoom).toBe(true);
  });

  it("one monitor of two that is empty too", () => {
    const job = claimedJobOf([legOf(), legOf({ monitor: "ci1" })], { runnerCount: 2 });
    const other = { monitor: "ci1", state: "taken", runners: [runnerOf("8", "ci1")] } as const;
    expect(settle(job, taken(), other).change?.raisesRoom).toBe(true);
  });

  it("and runners for a leg that nobody knows are enough", () => {
    expect(settle(jobOf(), taken("7")).change?.raisesRoom).toBe(false);
    expect(settle(jobOf(), taken()).change?.raisesRoom).toBe(false);
  });
});

describe("the last refusal of a job is let pass once", () => {
  const job = claimedJobOf([legOf()], { refusals: 4 });
  const one = { uniqueId: "a", need: 1, order: "1" };
  const other = { uniqueId: "b", need: 1, order: "2" };
  it.each([
    { name: "not while nobody waits", front: [], state: "failed" },
    { name: "not while only the job itself waits", front: [one], state: "failed" },
    { name: "while another waits", front: [other], state: "queued" },
    { name: "while another waits beside it", front: [one, other], state: "queued" },
  ])("$name", ({ front, state }) => {
    const { answer } = settleOperation(ticket, settlementOf([refused])).decide(viewOf({ a: { job }, front }));
    expect(answer.job?.state).toBe(state);
  });
});

describe("runners of a job that the store had lost", () => {
  it.each([
    { name: "unknown", stored: null },
    { name: "its tombstone is forgotten", stored: jobOf({ state: "failed", forgetAt: now }) },
  ])("are its own: $name", ({ stored }) => {
    const { answer, change } = settle(stored, taken("7"));
    expect(answer).toMatchObject({ reply: { kind: "taken", isNew: true }, leaked: [] });
    expect(change?.jobs).toMatchObject([{ before: stored, after: { state: "taken" } }]);
    expect(change?.history).toMatchObject([{ what: "taken" }]);
  });

  it("it comes back in line if nothing was brought, and the history says so", () => {
    expect(settle(null, refused).change?.history).toMatchObject([{ what: "readmitted" }]);
  });

  it("leak where it is over", () => {
    const { answer } = settle(jobOf({ state: "cancelled", forgetAt: now + 1 }), taken("7"));
    expect(answer).toMatchObject({ reply: { kind: "over" }, leaked: ["ci0/7"] });
  });
});

describe("what is older than the clock, which was set since, is as old as nobody knows: it is let go", () => {
  const late = (more: Partial<Settlement>, clockSince: number) =>
    settleOperation(ticket, { ...settlementOf([]), claimId: "older", ...more }).decide(
      viewOf({ a: { job: jobOf() }, clockSince }),
    ).answer;
  const bySeen = (since: number, clockSince: number) => late({ found: [{ ...runnerOf("1"), since }] }, clockSince);
  const byLeg = (claimedAt: number, clockSince: number) => late({ claimedAt, legs: [taken("1")] }, clockSince);

  it.each([
    { name: "of this clock", age: 5_000, clockAge: 5_000, isKept: true },
    { name: "of before it was set", age: 5_001, clockAge: 5_000, isKept: false },
    { name: "ahead of it", age: -2_001, clockAge: 5_000, isKept: false },
  ])("$name", ({ age, clockAge, isKept }) => {
    for (const answer of [bySeen(now - age, now - clockAge), byLeg(now - age, now - clockAge)]) {
      expect(answer.leaked).toEqual(isKept ? [] : ["ci0/1"]);
      expect(answer.job?.asideUntil).toBe(isKept ? undefined : now + 60_000);
    }
  });
});
