// What a round of changes writes of the shares of its profile's line.
import { describe, expect, it } from "vitest";
import type { Job } from "../../../src/queue/job/job.ts";
import { followShares } from "../../../src/queue/line/share-book.ts";
import { claimedJobOf, headOf, jobOf } from "../../support/queue-data.ts";

const first = { start: 1_000, end: 2_000 };
const second = { start: 2_000, end: 3_000 };
const waiting = (more: Partial<Job> = {}) => jobOf({ share: second, ...more });
const claimed = (more: Partial<Job> = {}) => claimedJobOf([], { share: second, ...more });
const over = (state: Job["state"], more: Partial<Job> = {}) => waiting({ state, isPresent: false, ...more });
const other = { "o/x": { end: 9_000 } };
const flows = { ...other, "o/r": { end: 3_000 } };
const head = headOf({ virtualTime: { at: 1_000 }, flows });

describe("the head is written where a change moves a share", () => {
  it.each([
    { name: "a job that comes in line takes its part", before: null, after: waiting(), flows: other, is: { flows } },
    {
      name: "of its own class, where it has one",
      before: null,
      after: waiting({ className: "merge" }),
      flows: other,
      is: { flows: { ...other, "o/r merge": { end: 3_000 } } },
    },
    {
      name: "a claim moves the virtual time",
      before: waiting(),
      after: claimed(),
      flows,
      is: { virtualTime: { at: 2_000 } },
    },
    {
      name: "one that is expedited does not",
      before: waiting({ expeditedAt: 1 }),
      after: claimed({ expeditedAt: 1 }),
      flows,
      is: {},
    },
    {
      name: "who is cancelled gives back",
      before: waiting(),
      after: over("cancelled"),
      flows,
      is: { flows: { ...other, "o/r": { end: 2_000 } } },
    },
    {
      name: "who is cancelled while being asked for gives back as well",
      before: claimed(),
      after: over("cancelled"),
      flows,
      is: { flows: { ...other, "o/r": { end: 2_000 } } },
    },
    {
      name: "who is forgotten from the line gives back as well",
      before: waiting(),
      after: null,
      flows,
      is: { flows: { ...other, "o/r": { end: 2_000 } } },
    },
    { name: "who was served gives nothing back", before: claimed(), after: over("taken"), flows, is: {} },
    {
      name: "a poll that is written down moves nothing",
      before: waiting(),
      after: waiting({ heardAt: 1 }),
      flows,
      is: {},
    },
    { name: "a refusal moves nothing", before: claimed(), after: waiting(), flows, is: {} },
    { name: "a tombstone moves nothing", before: over("cancelled"), after: null, flows, is: {} },
    {
      name: "a job of before the policy has no share",
      before: jobOf(),
      after: jobOf({ state: "cancelled" }),
      flows,
      is: {},
    },
  ])("$name", ({ before, after, flows: known, is }) => {
    expect(followShares({ ...head, flows: known }, [{ before, after }], true)).toStrictEqual(is);
  });

  it("by all of its changes, one after the other, also where some have no share", () => {
    const changes = [
      { before: jobOf(), after: claimedJobOf() },
      { before: null, after: waiting() },
      { before: waiting({ share: first }), after: claimed({ share: first }) },
      { before: waiting(), after: claimed() },
    ];
    const begun = { ...head, virtualTime: null, flows: other };
    expect(followShares(begun, changes, true)).toStrictEqual({ virtualTime: { at: 2_000 }, flows });
  });

  it("and forgets flows that the virtual time has passed, once something moves", () => {
    const passed = { ...flows, "o/y": { end: 2_000 } };
    const changed = followShares({ ...head, flows: passed }, [{ before: waiting(), after: claimed() }], true);
    expect(changed).toStrictEqual({ virtualTime: { at: 2_000 }, flows });
    const unshared = [
      { before: null, after: jobOf() },
      { before: jobOf(), after: null },
    ];
    expect(followShares({ ...head, virtualTime: { at: 2_000 }, flows: passed }, unshared, true)).toStrictEqual({});
  });

  it("but flows that were not read are left alone", () => {
    expect(
      followShares(head, [{ before: null, after: waiting({ share: { start: 3_000, end: 4_000 } }) }], false),
    ).toStrictEqual({});
    expect(followShares(head, [{ before: waiting(), after: claimed() }], false)).toStrictEqual({
      virtualTime: { at: 2_000 },
    });
  });
});
