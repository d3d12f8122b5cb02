// A poll: it claims, or waits and says why, or hears that its job is over.
import { describe, expect, it } from "vitest";
import { noTakes } from "../../../src/queue/fleet/fleet.ts";
import type { Job } from "../../../src/queue/job/job.ts";
import { type PollCommand, pollOperation } from "../../../src/queue/operations/poll.ts";
import {
  capacityOf,
  claimedJobOf,
  enqueuedAt,
  jobOf,
  legOf,
  lostAt,
  now,
  rowOf,
  runnerOf,
  settings,
  ticket,
  viewOf,
} from "../../support/queue-data.ts";

const noHold = { holdMs: 0, holder: "" };
type View = Parameters<typeof viewOf>[0] & {};
/** The answer to a poll of the job "a" as the store has it, and what is written. */
function poll(job: Job | null, { command = {}, ...view }: View & { readonly command?: Partial<PollCommand> } = {}) {
  const asked = { ticket, claimId: "new", spread: 500, hold: noHold, isBooked: true, isLate: false, roomSeenAt: now };
  const operation = pollOperation({ ...asked, ...command });
  return operation.decide(viewOf({ ...view, a: { ...view.a, job } }));
}
const policy = {
  default: {},
  repositories: [],
  owners: [],
  classes: [],
  monitors: [{ name: "fast", prefer: 2 }],
};
const full = { capacity: capacityOf({ ci0: rowOf(0) }) };
const wait = { kind: "wait", position: 1, isReadmitted: false, runnersBefore: null };
const silence = { silentSince: now - 1_000, heardSince: 0 };
const heard = { silence: { silentSince: null, heardSince: now } };
/** why it waited, where nobody else matters */
const waited = (reason: string, jobs = 0, runners = 0, monitor = ""): NonNullable<Job["waits"]> => [
  [0, reason, jobs, runners, monitor],
];
/** as written after a poll that is told to come back in a second */
const recorded = { heardAt: now, isPresent: true, presentUntil: now + 9_000, abandonAt: now + 35_000 };

describe("a poll reads its own job and who is ahead of its ticket", () => {
  it.each([
    { name: "no more", isLate: false, expected: {} },
    {
      name: "if it came late before, also whether all fell silent",
      isLate: true,
      expected: { due: true, sizes: true, flows: true, absent: 200 },
    },
  ])("$name", ({ isLate, expected }) => {
    const { name, profileKey, reads } = pollOperation({
      ticket,
      claimId: "",
      spread: 0,
      hold: noHold,
      isBooked: false,
      isLate,
      roomSeenAt: 0,
    });
    expect([name, profileKey]).toEqual(["poll", "linux"]);
    expect(reads).toEqual({ jobs: [{ uniqueId: "a", order: "0000999990000000" }], ...expected });
  });
});

describe("a poll whose turn has come claims", () => {
  const claim = {
    id: "new",
    owner: "me",
    leaseUntil: now + 5_000,
    at: now,
    needed: 1,
    legs: [legOf({ evidenceAfter: now + 27_000, holdUntil: now + 92_000 })],
  };
  const waits = waited("claim_in_flight");
  const claimed = jobOf({ ...recorded, state: "claimed", isPresent: false, attempts: 1, claim, waits });

  it("and relies on nobody having come ahead and nothing having lowered the capacity", () => {
    expect(poll(jobOf())).toEqual({
      answer: { kind: "claimed", job: claimed, isReadmitted: false },
      change: {
        jobs: [{ before: jobOf(), after: claimed }],
        takes: new Map([["ci0", { ...noTakes, out: [["new", 1, now + 152_000]], lastTakeAt: now }]]),
        history: [
          {
            at: now,
            what: "claimed",
            id: "a",
            repo: "o/r",
            run: "1",
            count: 1,
            attempts: 1,
            waitedMs: 10_000,
            monitors: ["ci0"],
          },
        ],
        raisesRoom: false,
        relies: {
          onRoom: true,
          onRank: { uniqueId: "a", order: "0000999990000000", servable: 9, runners: 0, isAsideCounted: false },
        },
      },
    });
  });

  it.each([
    { name: "that has the most to give", view: {}, job: {}, monitor: "big" },
    { name: "that did not lose its start before", view: {}, job: { avoided: ["big"] }, monitor: "fast" },
    { name: "that the policy prefers", view: { policy }, job: {}, monitor: "fast" },
    { name: "that it did not ask before", view: { policy }, job: { asked: { fast: now - 1 } }, monitor: "big" },
    { name: "that has one, whatever else", view: { policy }, job: { avoided: ["big", "fast"] }, monitor: "big" },
  ])("at the monitor $name", ({ view, job, monitor }) => {
    const { answer } = poll(jobOf(job), { ...view, capacity: capacityOf({ big: rowOf(2), fast: rowOf(1) }) });
    expect(answer).toMatchObject({ kind: "claimed", job: { claim: { legs: [{ monitor }] } } });
  });

  it("and declares how long its request is held: that goes on where the monitors refuse", () => {
    const { change } = poll(jobOf(), { command: { hold: { holdMs: 20_000, holder: "h" } } });
    expect(change?.jobs?.[0]?.after).toMatchObject({
      holder: "h",
      presentUntil: now + 24_000,
      abandonAt: now + 50_000,
    });
  });

  it("behind those ahead of it that are served as well", () => {
    const { change } = poll(jobOf(), {
      capacity: capacityOf({ ci0: rowOf(4) }),
      a: {
        ahead: [
          { need: 1, jobs: 1 },
          { need: 2, jobs: 1 },
          { need: 10, jobs: 5 },
        ],
      },
    });
    expect(change?.relies?.onRank?.runners).toBe(3);
  });

  it.each([
    { name: "it was in line", job: jobOf(), expected: false },
    { name: "it was absent: others counted on what it takes", job: jobOf({ isPresent: false }), expected: true },
    { name: "it stood aside until now", job: jobOf({ asideUntil: now }), expected: true },
    { name: "the store knew nothing of it", job: null, expected: true },
    { name: "its tombstone is forgotten", job: jobOf({ state: "cancelled", forgetAt: now }), expected: true },
  ])("and lowers what others count on only if it was not in line: $name", ({ job, expected }) => {
    const { answer, change } = poll(job);
    expect(answer.kind).toBe("claimed");
    expect(change?.raisesRoom).toBe(expected);
    expect(change?.jobs?.[0]?.after).not.toHaveProperty("asideUntil");
  });

  it("for what it has not in hand", () => {
    const job = jobOf({ runnerCount: 3, runnersInHand: [{ ...runnerOf("1"), since: now - 1 }] });
    const { answer } = poll(job, {
      capacity: capacityOf({ ci0: rowOf(2) }),
      command: { ticket: { ...ticket, runnerCount: 3 } },
    });
    expect(answer).toMatchObject({ kind: "claimed", job: { claim: { needed: 2, legs: [{ runners: 2 }] } } });
  });

  it("with why it waited until then", () => {
    const waits = waited("no_capacity");
    const { answer } = poll(jobOf({ waits }));
    expect(answer).toMatchObject({ job: { waits: [...waits, [10, "claim_in_flight", 0, 0, ""]] } });
  });

  it("and ends a silence of all", () => {
    expect(poll(jobOf(), { head: { silence } }).change?.head).toEqual(heard);
  });
});

describe("a poll waits", () => {
  const paused = { by: "kim", note: "", at: 1, until: null };
  it.each([
    { name: "nothing is free", job: jobOf(), view: full, expected: { reason: "no_capacity", runnersBefore: 1 } },
    {
      name: "somebody is ahead",
      job: jobOf(),
      view: { a: { ahead: [{ need: 1, jobs: 1 }] } },
      expected: { reason: "not_your_turn", position: 2, runnersBefore: 1 },
    },
    {
      name: "those ahead that nobody can serve do not count",
      job: jobOf(),
      view: { ...full, a: { ahead: [{ need: 10, jobs: 3 }] } },
      expected: { reason: "no_capacity", position: 1, runnersBefore: 1 },
    },
    { name: "the profile is paused", job: jobOf(), view: { head: { paused } }, expected: { reason: "profile_paused" } },
    {
      name: "what it let go still carries its label",
      job: jobOf({ asideUntil: now + 1 }),
      view: {},
      expected: { reason: "reconciling" },
    },
    {
      name: "every monitor refused it",
      job: jobOf({ asideUntil: now + 1, unchargedRefusals: 3 }),
      view: {},
      expected: { reason: "monitor_refuses" },
    },
    {
      name: "the first runner in hand is as old as HOLD_TIMEOUT: the next sweep lets go of it",
      job: jobOf({ runnerCount: 2, runnersInHand: [{ ...runnerOf("1"), since: now - 30_000 }] }),
      view: {},
      expected: { reason: "reconciling" },
    },
    {
      name: "its turn is at a monitor that this instance does not know",
      job: jobOf(),
      view: { canReach: () => false },
      expected: { reason: "monitors_busy", runnersBefore: 0, unknownMonitors: ["ci0"] },
    },
  ])("$name", ({ job, view, expected }) => {
    const { answer, change } = poll(job, view);
    expect(answer).toEqual({ ...wait, retryAfterSeconds: 1, ...expected });
    expect(change).toBeUndefined();
  });

  it("not, while the first runner in hand is a millisecond younger", () => {
    const job = jobOf({ runnerCount: 2, runnersInHand: [{ ...runnerOf("1"), since: now - 29_999 }] });
    expect(poll(job).answer.kind).toBe("claimed");
  });
});

describe("a waiting client is told when to come back", () => {
  const behind = (jobs: number) => ({ a: { ahead: [{ need: 1, jobs }] } });
  const busy = { canReach: () => false };
  const quiet = jobOf({ place: 1 });
  it.each([
    { name: "mid-line", job: jobOf(), view: { ...full, ...behind(19) }, expected: 5 },
    {
      name: "mid-line, by its spread",
      job: jobOf(),
      view: { ...full, ...behind(19), command: { spread: 0 } },
      expected: 4,
    },
    {
      name: "in a second, where its turn is only at the limit of a monitor",
      job: jobOf({ place: 1 }),
      view: { ...busy, command: { roomSeenAt: 0, ticket: { ...ticket, place: 1 } } },
      expected: 1,
    },
    {
      name: "in a second, where the next sweep has to come first",
      job: jobOf({ runnersInHand: [{ ...runnerOf("1"), since: 0 }], runnerCount: 2 }),
      view: behind(19),
      expected: 1,
    },
    {
      name: "in a second, after a request that was held",
      job: jobOf(),
      view: { ...full, ...behind(19), command: { hold: { holdMs: 0, holder: "h" } } },
      expected: 1,
    },
    {
      name: "next, and nothing came free for a minute",
      job: quiet,
      view: { ...full, command: { roomSeenAt: now - 60_000, ticket: { ...ticket, place: 1 } } },
      expected: 2,
    },
    {
      name: "next, and it came a minute ago",
      job: jobOf({ place: (now - 60_000) * 1000 }),
      view: { ...full, command: { roomSeenAt: 0, ticket: { ...ticket, place: (now - 60_000) * 1000 } } },
      expected: 2,
    },
    {
      name: "next, and it came less than a minute ago",
      job: jobOf({ place: (now - 59_999) * 1000 }),
      view: { ...full, command: { roomSeenAt: 0, ticket: { ...ticket, place: (now - 59_999) * 1000 } } },
      expected: 1,
    },
  ])("$name", ({ job, view, expected }) => {
    expect(poll(job, view).answer).toMatchObject({ kind: "wait", retryAfterSeconds: expected });
  });
});

describe("a waiting poll is written down", () => {
  it.each([
    { name: "not, if it says nothing new", job: jobOf(), expected: null },
    { name: "once per TOUCH_INTERVAL", job: jobOf({ heardAt: now - 5_000 }), expected: recorded },
    { name: "if the job was absent", job: jobOf({ isPresent: false }), expected: recorded },
    {
      name: "if another held request speaks for it",
      job: jobOf({ holder: "other" }),
      command: { hold: { holdMs: 20_000, holder: "h" } },
      expected: {
        ...recorded,
        holder: "h",
        heldUntil: now + 20_000,
        presentUntil: now + 24_000,
        abandonAt: now + 50_000,
      },
    },
  ])("$name", ({ job, command = {}, expected }) => {
    const { change } = poll(job, { ...full, command });
    if (expected === null) expect(change).toBeUndefined();
    else
      expect(change).toEqual({
        jobs: [{ before: job, after: { ...job, ...expected, waits: waited("no_capacity") } }],
        history: [],
      });
  });

  it.each([
    { name: "and stands aside no more when that is over", asideUntil: now, expected: false },
    { name: "and stands aside as long as it does", asideUntil: now + 1, expected: true },
    { name: "and stands aside once more where the clock was set back", asideUntil: now + 62_001, expected: true },
  ])("$name", ({ asideUntil, expected }) => {
    const job = jobOf({ heardAt: 0, asideUntil });
    const after = poll(job, full).change?.jobs?.[0]?.after;
    expect(after?.asideUntil).toBe(expected ? Math.min(asideUntil, now + 60_000) : undefined);
  });

  const drained = { drainedUntil: now + 1 };
  it.each([
    { name: "those ahead", view: { a: { ahead: [{ need: 2, jobs: 3 }] } }, expected: waited("not_your_turn", 3, 6) },
    {
      name: "a monitor that is drained",
      view: { capacity: capacityOf({ ci0: rowOf(0), ci1: rowOf(1, drained) }) },
      expected: waited("no_capacity", 0, 0, "ci1"),
    },
    {
      name: "one whose drain leaves too few",
      view: { capacity: capacityOf({ ci0: rowOf(0, drained), ci1: rowOf(0, { target: 0 }) }) },
      expected: waited("unsatisfiable_now", 0, 0, "ci0"),
    },
    {
      name: "one whose drain leaves too few, by what it keeps",
      job: { runnerCount: 7 },
      view: { capacity: capacityOf({ ci0: rowOf(0, { ...drained, target: 3 }), ci1: rowOf(0, { target: 4 }) }) },
      expected: waited("unsatisfiable_now", 0, 0, "ci0"),
    },
    {
      name: "nobody where also with it there were too few",
      job: { runnerCount: 8 },
      view: { capacity: capacityOf({ ci0: rowOf(0, { ...drained, target: 3 }), ci1: rowOf(0, { target: 4 }) }) },
      expected: waited("unsatisfiable_now"),
    },
    {
      name: "the same as before is one stretch",
      job: { waits: waited("no_capacity", 9, 9) },
      view: full,
      expected: waited("no_capacity", 9, 9),
    },
    {
      name: "something else since",
      job: { waits: waited("profile_paused") },
      view: full,
      expected: [...waited("profile_paused"), [10, "no_capacity", 0, 0, ""]],
    },
  ])("with why it waits: $name", ({ job = {}, view, expected }) => {
    expect(poll(jobOf({ heardAt: 0, ...job }), view).change?.jobs?.[0]?.after?.waits).toEqual(expected);
  });

  it("and ends a silence of all", () => {
    expect(poll(jobOf({ heardAt: 0 }), { ...full, head: { silence } }).change?.head).toEqual(heard);
  });
});

describe("a job of which the store knows nothing", () => {
  const aMinute = 60_000;
  it.each([
    { name: "comes back only with its id booked", command: { isBooked: false }, expected: { kind: "unbooked" } },
    {
      name: "not, if its ticket is older than an hour",
      command: { ticket: { ...ticket, place: (now - 60 * aMinute) * 1000 - 1 } },
      expected: { kind: "ticket_expired" },
    },
    {
      name: "nor does an old ticket book anything",
      command: { isBooked: false, ticket: { ...ticket, place: 1 } },
      expected: { kind: "ticket_expired" },
    },
  ])("$name", ({ command, expected }) => {
    expect(poll(null, { command })).toEqual({ answer: expected });
  });

  it.each([
    { name: "unknown", known: null },
    { name: "its tombstone is forgotten", known: jobOf({ state: "taken", forgetAt: now }) },
  ])("comes back in its old place, and the history says so: $name", ({ known }) => {
    const { answer, change } = poll(known, full);
    expect(answer).toEqual({
      ...wait,
      reason: "no_capacity",
      runnersBefore: 1,
      retryAfterSeconds: 1,
      isReadmitted: true,
    });
    expect(change).toEqual({
      jobs: [{ before: known, after: jobOf({ ...recorded, waits: waited("no_capacity") }) }],
      history: [
        { at: now, what: "readmitted", id: "a", repo: "o/r", run: "1", count: 1, attempts: 0, waitedMs: 10_000 },
      ],
    });
  });

  it("comes back when its ticket is an hour old to the millisecond", () => {
    const command = { ticket: { ...ticket, place: (now - 60 * aMinute) * 1000 } };
    expect(poll(null, { ...full, command, lostAt: 0 }).answer).toMatchObject({ kind: "wait", isReadmitted: true });
  });

  it("waits for evidence where its place is ahead of the clock, which was set back: the store may have been lost since", () => {
    const command = { ticket: { ...ticket, place: (now + 60 * aMinute) * 1000 } };
    expect(poll(null, { command }).answer).toMatchObject({ kind: "suspect", lostAt });
  });

  it("and is claimed at once where its turn has come", () => {
    expect(poll(null).answer).toMatchObject({ kind: "claimed", isReadmitted: true });
  });
});

describe("a ticket speaks for its own job", () => {
  const older = { ...ticket, place: ticket.place - 5 };
  it.each([
    { name: "of another request", job: jobOf({ place: 7, runId: "2" }), expected: "superseded" },
    { name: "of the same request at another place", job: jobOf({ place: ticket.place - 1 }), expected: "wait" },
    {
      name: "of the job of this id that ended before",
      job: jobOf({ place: ticket.place + 1, endedPlace: ticket.place }),
      expected: "superseded",
    },
    {
      name: "given since that one ended",
      job: jobOf({ place: ticket.place + 1, endedPlace: ticket.place - 1 }),
      expected: "wait",
    },
    { name: "at the same place it is the job's, whatever it says", job: jobOf({ runId: "2" }), expected: "wait" },
  ])("$name: $expected", ({ job, expected }) => {
    expect(poll(job, full).answer.kind).toBe(expected);
  });

  it("the older place counts, and is written at once", () => {
    const { change } = poll(jobOf(), { ...full, command: { ticket: older } });
    expect(change?.jobs?.[0]?.after).toMatchObject({ place: older.place });
  });

  it("the newer ticket leaves the older place", () => {
    const job = jobOf({ place: older.place });
    expect(poll(job, full).change).toBeUndefined();
  });

  it("the older place counts from the first microsecond, and what ended before it", () => {
    const job = jobOf({ place: ticket.place + 1 });
    expect(poll({ ...job, endedPlace: 1 }, full).change?.jobs?.[0]?.after?.place).toBe(ticket.place);
    expect(poll(job, { ...full, command: { ticket: { ...ticket, place: 1 } } }).answer.kind).toBe("wait");
  });

  it("of a claimed job moves nothing", () => {
    const { change } = poll(claimedJobOf([legOf()], { heardAt: 0 }), { command: { ticket: older } });
    expect(change?.jobs?.[0]?.after?.place).toBe(ticket.place);
  });

  it.each([
    // the job stands at its older place, so those ahead of the newer ticket count the job itself
    { name: "in line", job: {}, view: {}, expected: 1 },
    { name: "absent: it is not among those ahead", job: { isPresent: false }, view: {}, expected: 2 },
    {
      name: "aside, where those aside are counted",
      job: { asideUntil: now + 1, clearedFor: now },
      view: { lostAt: now },
      expected: 1,
    },
  ])("a job does not wait for itself: $name", ({ job, view, expected }) => {
    const { answer } = poll(jobOf({ place: ticket.place - 1, ...job }), {
      ...full,
      ...view,
      a: { ahead: [{ need: 1, jobs: 1 }] },
    });
    expect(answer).toMatchObject({ kind: "wait", position: expected });
  });

  it("nor for what it needs itself", () => {
    const job = jobOf({ place: ticket.place - 1, runnerCount: 3 });
    const view = { a: { ahead: [{ need: 3, jobs: 1 }] }, capacity: capacityOf({ ci0: rowOf(3) }) };
    const command = { ticket: { ...ticket, runnerCount: 3 } };
    expect(poll(job, { ...view, command }).answer.kind).toBe("claimed");
  });
});

describe("a job of before a loss of the store", () => {
  const asideAhead = [{ need: 1, jobs: 2 }];
  const suspect = jobOf({ clearedFor: 1 });

  it("has to be cleared by evidence first, and is heard meanwhile", () => {
    const { answer, change } = poll(suspect);
    expect(answer).toEqual({
      kind: "suspect",
      job: suspect,
      lostAt,
      now,
      wait: { ...wait, reason: "reconciling", retryAfterSeconds: 1 },
    });
    expect(change).toBeUndefined();
    const late = jobOf({ clearedFor: 1, heardAt: 0 });
    expect(poll(late)).toMatchObject({
      answer: { kind: "suspect", job: recorded },
      change: { jobs: [{ after: recorded }] },
    });
  });

  it("first lets go of what it held too long", () => {
    const job = { ...suspect, runnerCount: 2, runnersInHand: [{ ...runnerOf("1"), since: 0 }] };
    expect(poll(job).answer).toMatchObject({ kind: "wait", reason: "reconciling" });
  });

  it.each([
    { name: "just lost", loss: now, expected: { position: 3, reason: "not_your_turn" } },
    // 2 s to send, 25 s to settle, 5 s for those ahead
    { name: "the last millisecond", loss: now - 31_999, expected: { position: 3, reason: "not_your_turn" } },
  ])("once cleared waits for those ahead that are not in line: $name", ({ loss, expected }) => {
    const job = jobOf({ clearedFor: loss, place: (loss - 1) * 1000 });
    const command = { ticket: { ...ticket, place: job.place } };
    const view = { lostAt: loss, command, a: { asideAhead } };
    expect(poll(job, view).answer).toMatchObject(expected);
    const { change } = poll(job, { ...view, capacity: capacityOf({ ci0: rowOf(3) }) });
    expect(change?.relies?.onRank).toMatchObject({ runners: 2, isAsideCounted: true });
  });

  it("and no longer", () => {
    const job = jobOf({ clearedFor: now - 32_000, place: 1 });
    const { answer } = poll(job, {
      lostAt: now - 32_000,
      command: { ticket: { ...ticket, place: 1 } },
      a: { asideAhead },
    });
    expect(answer.kind).toBe("claimed");
  });

  it("one enqueued since waits for nobody aside", () => {
    expect(poll(jobOf(), { a: { asideAhead } }).answer.kind).toBe("claimed");
  });
});

describe("a poll of a claimed job", () => {
  it("hears what it won, also when its reply was lost", () => {
    const job = claimedJobOf();
    expect(poll(job, { command: { claimId: "claim-1" } })).toEqual({
      answer: { kind: "claimed", job, isReadmitted: false },
    });
  });

  it.each([
    { name: "being asked for", leg: legOf(), expected: "claim_in_flight" },
    { name: "being found out", leg: legOf({ state: "unknown" }), expected: "reconciling" },
  ] as const)("waits a second: $name", ({ leg, expected }) => {
    expect(poll(claimedJobOf([leg]))).toEqual({ answer: { ...wait, reason: expected, retryAfterSeconds: 1 } });
  });

  it("that waited for something else before has a new stretch", () => {
    const job = claimedJobOf([legOf()], { heardAt: 0, waits: waited("no_capacity") });
    expect(poll(job).change?.jobs?.[0]?.after?.waits).toEqual([
      ...waited("no_capacity"),
      [10, "claim_in_flight", 0, 0, ""],
    ]);
  });

  it("is presence, and stays out of line", () => {
    const job = claimedJobOf([legOf()], { heardAt: now - 5_000 });
    const { change } = poll(job, { head: { silence }, command: { hold: { holdMs: 20_000, holder: "h" } } });
    const after = {
      ...job,
      holder: "h",
      heldUntil: now + 20_000,
      heardAt: now,
      presentUntil: now + 24_000,
      abandonAt: now + 50_000,
      waits: waited("claim_in_flight"),
    };
    expect(change).toEqual({ jobs: [{ before: job, after }], head: heard });
    expect(poll(job).answer).toEqual({ ...wait, reason: "claim_in_flight", retryAfterSeconds: 1 });
  });
});

describe("a job that an operator put to the front", () => {
  const job = jobOf({ expeditedAt: 5 });
  const order = "00000000000000050000999990000000";

  it("stands there, so those ahead of there have to be counted first", () => {
    expect(poll(job)).toEqual({ answer: { kind: "moved", order } });
    expect(poll(job, { command: { order: "0000999990000000" } }).answer).toEqual({ kind: "moved", order });
  });

  it("claims once they are", () => {
    expect(poll(job, { command: { order } }).answer.kind).toBe("claimed");
  });
});

describe("a job whose repository has a limit on runners", () => {
  const limited = { ...policy, owners: [{ pattern: "o", maxRunners: 3 }] };
  const heldBy = { scope: "owner", name: "o", maxRunners: 3, inUse: 3 } as const;
  const asideAhead = [{ need: 1, jobs: 2 }];
  const held = jobOf({ limit: heldBy, asideUntil: now + 20_000 });

  it("asks whether there is room for what it needs, when its turn has come", () => {
    const job = jobOf({ runnerCount: 3, runnersInHand: [{ ...runnerOf("1"), since: now }] });
    expect(poll(job, { policy: limited, capacity: capacityOf({ ci0: rowOf(2) }) })).toEqual({
      answer: {
        kind: "limited",
        job,
        limits: [{ scope: "owner", name: "o", maxRunners: 3 }],
        needed: 2,
        now,
        lostAt: viewOf({}).lostAt,
      },
    });
  });

  it("stands behind those aside who came before it, where there is none", () => {
    const { answer } = poll(jobOf(), { policy: limited, a: { asideAhead }, command: { limits: heldBy } });
    expect(answer).toMatchObject({ reason: "repository_limit", position: 3 });
  });

  it("and not behind itself, where it stands before its ticket", () => {
    const job = { ...held, place: ticket.place - 1 };
    const { answer } = poll(job, { policy: limited, a: { asideAhead }, command: { limits: heldBy } });
    expect(answer).toMatchObject({ reason: "repository_limit", position: 2 });
  });

  it.each([
    { name: "when it begins to stand aside", job: jobOf(), expected: true },
    { name: "when it comes back by its ticket, and stands aside", job: null, expected: true },
    { name: "not when it goes on", job: held, expected: undefined },
  ])("lets those behind it go: $name", ({ job, expected }) => {
    const { change } = poll(job, { policy: limited, command: { limits: heldBy } });
    expect(change?.jobs?.[0]?.after?.limit).toEqual(heldBy);
    expect(change?.makesRoom).toBe(expected);
  });
});

describe("a poll of a job that is over hears how it ended", () => {
  const answer = { answer: "[7]", answerUntil: now + 1 };
  it.each([
    { name: "taken: the same answer", job: { state: "taken", ...answer }, expected: { kind: "taken", answer: "[7]" } },
    {
      name: "its answer is too old",
      job: { state: "taken", ...answer, answerUntil: now },
      expected: { kind: "answer_expired" },
    },
    { name: "its answer is gone", job: { state: "taken" }, expected: { kind: "answer_expired" } },
    { name: "failed", job: { state: "failed" }, expected: { kind: "failed" } },
    { name: "cancelled", job: { state: "cancelled" }, expected: { kind: "cancelled" } },
    { name: "abandoned", job: { state: "abandoned" }, expected: { kind: "abandoned", isNew: false } },
    { name: "not forgotten yet", job: { state: "failed", forgetAt: now + 1 }, expected: { kind: "failed" } },
  ] as const)("$name", ({ job, expected }) => {
    expect(poll(jobOf(job))).toEqual({ answer: expected });
  });
});

describe("a poll that comes after ABANDON_AFTER", () => {
  const late = jobOf({ isPresent: false, presentUntil: now - 30_000, abandonAt: now, heardAt: now - 65_000 });
  const others = (...runs: string[]) =>
    runs.map((runId) => ({ ...late, uniqueId: `j${runId}`, runId, heardAt: now - 64_000 }));

  it("has to look first whether all fell silent together", () => {
    expect(poll(late)).toEqual({ answer: { kind: "late" } });
  });

  it.each([
    { name: "a millisecond sooner", job: { ...late, abandonAt: now + 1 }, view: {} },
    { name: "everybody has their time anew", job: late, view: { renewedAt: now - 29_999 } },
    { name: "a silence of all keeps its place", job: late, view: { head: { silence } } },
  ])("is in time: $name", ({ job, view }) => {
    expect(poll(job, { ...full, ...view }).answer.kind).toBe("wait");
  });

  it("finds its job abandoned, once", () => {
    const after = { ...late, state: "abandoned", isPresent: false, endedAt: now, forgetAt: now + 3_600_000 };
    expect(poll(late, { command: { isLate: true }, due: [late] })).toEqual({
      answer: { kind: "abandoned", isNew: true },
      change: {
        jobs: [{ before: late, after }],
        history: [
          { at: now, what: "abandoned", id: "a", repo: "o/r", run: "1", count: 1, attempts: 0, waitedMs: 10_000 },
        ],
        makesRoom: true,
      },
    });
  });

  it("ends a silence that no sweep has noticed, and keeps its place", () => {
    const absent = [late, ...others("2", "3")];
    const { answer, change } = poll(late, { ...full, command: { isLate: true }, due: [late], absent });
    expect(answer.kind).toBe("wait");
    expect(change?.head).toEqual(heard);
  });

  it("a silence of ten minutes keeps nobody's place", () => {
    const head = { silence: { silentSince: now - 600_000, heardSince: 0 } };
    expect(poll(late, { head, command: { isLate: true }, due: [late] }).answer).toEqual({
      kind: "abandoned",
      isNew: true,
    });
  });
});

it("the place of a job is when it was enqueued, in the tables too", () => {
  expect([ticket.place, settings.ticketMaxAgeMs]).toEqual([enqueuedAt * 1000, 3_600_000]);
});
