// Why a job waits, as its owner and operators see it.
import { expect, it } from "vitest";
import { explainJob } from "../../../src/queue/line/outlook.ts";
import {
  capacityOf,
  claimedJobOf,
  jobOf,
  legOf,
  lostAt,
  now,
  rowOf,
  runnerOf,
  viewOf,
} from "../../support/queue-data.ts";

const paused = { by: "kim", note: "", at: 0, until: null };

it.each([
  { name: "its turn has come", job: jobOf(), expected: { reason: "your_turn", runnersBefore: 0 } },
  { name: "somebody is ahead", job: jobOf(), rank: 1, expected: { reason: "not_your_turn", runnersBefore: 1 } },
  {
    name: "what it has in hand it need not wait for",
    job: jobOf({ runnerCount: 2, runnersInHand: [{ ...runnerOf("1"), since: now }] }),
    expected: { reason: "your_turn", runnersBefore: 0 },
  },
  { name: "being asked for", job: claimedJobOf(), expected: { reason: "claim_in_flight", runnersBefore: null } },
  {
    name: "being found out",
    job: claimedJobOf([legOf({ state: "unknown" })]),
    expected: { reason: "reconciling", runnersBefore: null },
  },
  {
    name: "its poll is overdue, and that is said first",
    job: jobOf({ isPresent: false, clearedFor: 1 }),
    expected: { reason: "asleep", runnersBefore: null },
  },
  {
    name: "the store may have forgotten its claim",
    job: jobOf({ clearedFor: lostAt - 1, asideUntil: now + 1 }),
    expected: { reason: "reconciling", runnersBefore: null },
  },
  {
    name: "it stands aside",
    job: jobOf({ asideUntil: now + 1 }),
    head: { paused },
    expected: { reason: "stands_aside", runnersBefore: null },
  },
  {
    name: "a limit of the policy is reached",
    job: jobOf({ asideUntil: now + 1, limit: { scope: "owner", name: "o", maxRunners: 1, inUse: 1 } }),
    expected: { reason: "repository_limit", runnersBefore: null },
  },
  {
    name: "it stood aside until now",
    job: jobOf({ asideUntil: now }),
    expected: { reason: "your_turn", runnersBefore: 0 },
  },
  {
    name: "the profile is paused",
    job: jobOf(),
    head: { paused },
    expected: { reason: "profile_paused", runnersBefore: null },
  },
  {
    name: "a pause is over",
    job: jobOf(),
    head: { paused: { ...paused, until: now } },
    expected: { reason: "your_turn", runnersBefore: 0 },
  },
])("a job waits for one reason: $name", ({ job, rank = 0, head = {}, expected }) => {
  expect(explainJob(job, rank, viewOf({ head }))).toEqual(expected);
});

it("an operator sees the turn whichever instance is asked: one that does not know the monitor says the same", () => {
  const view = viewOf({ capacity: capacityOf({ ci0: rowOf(1) }), canReach: () => false });
  expect(explainJob(jobOf(), 0, view).reason).toBe("your_turn");
});
