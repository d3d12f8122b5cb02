// Since when a round's jobs could be heard: deadlines of presence count from then.
import { expect, it } from "vitest";
import { RoundView } from "../../../src/dispatch/running/round-view.ts";
import { Capacity } from "../../../src/queue/fleet/capacity.ts";
import type { ProfileHead } from "../../../src/queue/profile.ts";
import type { Loaded } from "../../../src/queue/store.ts";
import { now, settings } from "../../support/queue-data.ts";

const nothing = { jobView: () => ({ job: null, ahead: [], asideAhead: [] }), currentJobs: () => [], front: () => [] };

it.each([
  { name: "somebody served", servedSince: now - 1, heardSince: now - 2, lostAt: now - 3, expected: now - 1 },
  { name: "a silence of all ended", servedSince: now - 3, heardSince: now - 2, lostAt: now - 3, expected: now - 2 },
  {
    name: "the store lost its last writes, and with them perhaps a poll",
    servedSince: now - 3,
    heardSince: 0,
    lostAt: now,
    expected: now,
  },
  {
    name: "what lies ahead is of before the clock was set back",
    servedSince: now - 3,
    heardSince: now + 3_600_000,
    lostAt: now - 4,
    expected: now - 3,
  },
  {
    name: "a loss was first seen, where it lies ahead itself",
    servedSince: now - 3,
    heardSince: 0,
    lostAt: now + 1,
    expected: now - 2,
  },
])("everybody has their time anew since $name", ({ servedSince, heardSince, lostAt, expected }) => {
  const loaded = { now, lostAt, due: [] } as unknown as Loaded;
  const context = {
    settings,
    owner: "me",
    canReach: () => true,
    policy: undefined,
    servedSince,
    clockSince: 0,
    epochSeenAt: now - 2,
    newCommitId: () => "c",
  };
  const view = new RoundView(nothing, "linux", loaded, new Capacity(10_000), context);
  view.turnTo({}, { silence: { silentSince: null, heardSince } } as ProfileHead, 0);
  expect(view.renewedAt).toBe(expected);
});
