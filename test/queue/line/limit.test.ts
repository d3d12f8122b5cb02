// Limits on runners: which hold a job, what a poll asks before it claims, and how a job stands aside.
import { describe, expect, it } from "vitest";
import type { Job } from "../../../src/queue/job/job.ts";
import {
  findTooSmallLimit,
  type HeldBy,
  isAsideOtherwise,
  limitsRunners,
  runnerLimitsOf,
  withLimit,
} from "../../../src/queue/line/limit.ts";
import { entryOf } from "../../../src/queue/line/line.ts";
import { type PollCommand, pollOperation } from "../../../src/queue/operations/poll.ts";
import type { Policy } from "../../../src/queue/policy/policy.ts";
import { capacityOf, jobOf, lostAt, now, rowOf, ticket, viewOf } from "../../support/queue-data.ts";

const nobody: Policy = { default: {}, repositories: [], owners: [], classes: [], monitors: [] };
const policy: Policy = {
  ...nobody,
  repositories: [{ pattern: "o/r", maxRunners: 2 }],
  owners: [{ pattern: "o", maxRunners: 3, maxWaiting: 9 }],
  classes: [{ name: "merge", maxRunners: 1 }],
};
const ofOwner: HeldBy = { scope: "owner", name: "o", maxRunners: 3, inUse: 3 };

describe("limits that hold a job", () => {
  it.each([
    { name: "none without a policy", given: undefined, job: {}, expected: [] },
    { name: "none where the policy has none", given: nobody, job: {}, expected: [] },
    { name: "its repository's and its owner's", given: policy, job: {}, expected: ["repository o/r 2", "owner o 3"] },
    {
      name: "its class's, too",
      given: policy,
      job: { qualifiedRepo: "O/other", className: "merge" },
      expected: ["owner o 3", "class merge 1"],
    },
  ])("$name", ({ given, job, expected }) => {
    const limits = runnerLimitsOf(given, jobOf(job)).map(
      ({ scope, name, maxRunners }) => `${scope} ${name} ${maxRunners}`,
    );
    expect(limits).toEqual(expected);
  });

  it("a limit on jobs in line is none on runners", () => {
    const given = { ...nobody, owners: [{ pattern: "o", maxWaiting: 9 }] };
    expect(runnerLimitsOf(given, jobOf())).toEqual([]);
  });

  it.each([
    [1, undefined],
    [2, undefined],
    [3, 2],
  ])("of a job of %d runners that are too small: %s", (runnerCount, expected) => {
    expect(findTooSmallLimit(policy, jobOf({ runnerCount }))?.maxRunners).toBe(expected);
  });

  it.each([
    [undefined, false],
    [nobody, false],
    [{ ...nobody, default: { maxWaiting: 1 } }, false],
    [{ ...nobody, default: { maxRunners: 1 } }, true],
    [{ ...nobody, classes: [{ name: "x", maxRunners: 1 }] }, true],
  ])("are counted only where there are some (%#)", (given, expected) => {
    expect(limitsRunners(given)).toBe(expected);
  });
});

describe("a job that a limit holds back", () => {
  const held = withLimit(jobOf(), ofOwner, now, 60_000);

  it("stands aside, and is back in line when it is not", () => {
    expect(held).toMatchObject({ limit: ofOwner, asideUntil: now + 60_000 });
    expect(entryOf(held, lostAt)?.list).toBe("aside");
    expect(withLimit(held, null, now, 60_000)).toEqual(jobOf());
  });

  it("is written anew only by half of its time, or for another limit", () => {
    expect(withLimit(held, { ...ofOwner, inUse: 2 }, now + 29_999, 60_000)).toBe(held);
    expect(withLimit(held, ofOwner, now + 30_000, 60_000).asideUntil).toBe(now + 90_000);
    expect(withLimit(held, { ...ofOwner, scope: "class" }, now, 60_000).limit?.scope).toBe("class");
    expect(withLimit(held, { ...ofOwner, name: "p" }, now, 60_000).limit?.name).toBe("p");
    expect(withLimit(jobOf({ asideUntil: now + 5 }), null, now, 60_000)).toEqual(jobOf({ asideUntil: now + 5 }));
  });

  it("stands aside for nothing else", () => {
    expect([isAsideOtherwise(held, now), isAsideOtherwise(jobOf({ asideUntil: now + 1 }), now)]).toEqual([false, true]);
    expect(isAsideOtherwise(jobOf({ asideUntil: now }), now)).toBe(false);
  });
});

describe("a poll", () => {
  const free = { capacity: capacityOf({ ci0: rowOf(1) }) };
  const none = { capacity: capacityOf({ ci0: rowOf(0) }) };
  const held = jobOf({ limit: ofOwner, asideUntil: now + 50_000 });
  const poll = (job: Job, given: Policy | undefined, limits?: PollCommand["limits"], view = free) => {
    const hold = { holdMs: 0, holder: "" };
    const asked = { ticket, claimId: "new", spread: 500, hold, isBooked: true, isLate: false, roomSeenAt: now };
    const operation = pollOperation({ ...asked, ...(limits !== undefined && { limits }) });
    return operation.decide(viewOf({ ...view, policy: given, a: { job } }));
  };

  it("whose turn has come asks for room where a limit holds it, and writes nothing before", () => {
    const { answer, change } = poll(jobOf(), policy);
    expect([answer, change]).toMatchObject([{ kind: "limited", needed: 1, limits: [{}, {}] }, undefined]);
  });

  it.each([
    { name: "without a policy", job: jobOf(), given: undefined, limits: undefined },
    { name: "where the policy limits nobody", job: jobOf(), given: nobody, limits: ofOwner },
    { name: "with its places taken", job: jobOf(), given: policy, limits: "reserved" as const },
    { name: "from aside, with its places taken", job: held, given: policy, limits: "reserved" as const },
    { name: "from aside, where the limit is gone", job: held, given: nobody, limits: ofOwner },
  ])("claims $name", ({ job, given, limits }) => {
    const { answer, change } = poll(job, given, limits);
    expect(answer.kind).toBe("claimed");
    expect(change?.jobs?.[0]?.after).not.toHaveProperty("limit");
    expect(change?.jobs?.[0]?.after).not.toHaveProperty("asideUntil");
  });

  it("that finds no room stands aside, and whoever is behind it may look", () => {
    const { answer, change } = poll(jobOf(), policy, ofOwner);
    expect(answer).toMatchObject({ kind: "wait", reason: "repository_limit" });
    expect(change).toMatchObject({ makesRoom: true, jobs: [{ after: { limit: ofOwner, state: "queued" } }] });
  });

  it("of a job whose turn has not come asks nobody", () => {
    expect(poll(jobOf(), policy, undefined, none).answer).toMatchObject({ kind: "wait", reason: "no_capacity" });
    expect(poll(jobOf(), policy, ofOwner, none).answer).toMatchObject({ kind: "wait", reason: "no_capacity" });
  });

  it("of one that stands aside asks whether there is room, and brings it back in line where there is, also without a runner", () => {
    expect(poll(held, policy, undefined, none).answer.kind).toBe("limited");
    const { answer, change } = poll(held, policy, "reserved", none);
    expect(answer).toMatchObject({ kind: "wait", reason: "no_capacity" });
    const after = change?.jobs?.[0]?.after;
    expect(after === null || after === undefined ? null : entryOf(after, lostAt)?.list).toBe("line");
  });
});
