// Accept: who may take on an offer until when, by cases.
import { describe, expect, it } from "vitest";
import { type FleetRow, takesOf } from "../../../../src/queue/fleet/fleet.ts";
import type { PulledLeg } from "../../../../src/queue/fleet/pulled-legs.ts";
import type { Job, Leg } from "../../../../src/queue/job/job.ts";
import { acceptLegOperation } from "../../../../src/queue/operations/pulled/accept-leg.ts";
import { capacityOf, claimedJobOf, jobOf, legOf, now, rowOf, viewOf } from "../../../support/queue-data.ts";

const order = { bootAt: now - 9_000, seq: 12 };
const offerOf = (more: Partial<PulledLeg> = {}): PulledLeg => ({
  claimId: "claim-1",
  uniqueId: "a",
  runners: 1,
  qualifiedRepo: "o/r",
  runId: "1",
  state: "offered",
  until: now + 100_000,
  ...more,
});
const offered = (more: Partial<Leg> = {}): Leg => legOf({ state: "offered", offeredUntil: now + 1, ...more });
const rowWith = (leg: PulledLeg | null, more: Partial<FleetRow> = {}): FleetRow =>
  rowOf(1, {
    pull: { bootAt: order.bootAt, seq: 10, presentUntil: now + 9_000 },
    pulled: leg === null ? [] : [leg],
    ...more,
  });
const accept = (
  row: FleetRow | null,
  job: Job | null,
  command: { key?: string; seq?: number; bootAt?: number } = {},
) => {
  const { key, ...at } = command;
  const parts = { profileKey: "linux", uniqueId: "a", claimId: "claim-1" };
  const operation = acceptLegOperation({ ...parts, monitor: "ci0", order: { ...order, ...at }, ...(key && { key }) });
  return operation.decide(viewOf({ a: { job }, capacity: capacityOf(row === null ? {} : { ci0: row }) }));
};

it("reads its job", () => {
  const { name, profileKey, reads } = acceptLegOperation({
    profileKey: "linux",
    uniqueId: "a",
    claimId: "claim-1",
    monitor: "ci0",
    order,
  });
  expect({ name, profileKey, reads }).toEqual({
    name: "accept",
    profileKey: "linux",
    reads: { jobs: [{ uniqueId: "a", order: null }] },
  });
});

it("an offer becomes the monitor's: it is believed to reserve from now on", () => {
  const job = claimedJobOf([offered()]);
  const row = rowWith(offerOf());
  const holdUntil = now + 2_000 + 90_000;
  expect(accept(row, job, { key: "k" })).toEqual({
    answer: "accepted",
    change: {
      jobs: [
        {
          before: job,
          after: claimedJobOf([offered({ state: "pending", acceptedAt: now, evidenceAfter: now, holdUntil })]),
        },
      ],
      takes: new Map([
        [
          "ci0",
          {
            ...takesOf(row),
            pulled: [
              offerOf({ state: "accepted", order, until: holdUntil + 60_000, repeatUntil: now + 20_000, key: "k" }),
            ],
          },
        ],
      ]),
      wake: ["a"],
    },
  });
});

describe("nothing is written", () => {
  const job = claimedJobOf([offered()]);
  it.each([
    { name: "of a monitor that nobody knows", row: null, job, answer: "unknown" },
    { name: "of a leg that was never offered", row: rowWith(null), job, answer: "unknown" },
    { name: "of a monitor that is called", row: rowOf(1), job, answer: "unknown" },
    { name: "of an earlier claim of the job", row: rowWith(offerOf({ claimId: "claim-0" })), job, answer: "unknown" },
    {
      name: "where the job's leg is settled by now",
      row: rowWith(offerOf()),
      job: claimedJobOf([offered({ state: "refused" })]),
      answer: "withdrawn",
    },
    { name: "of another job's claim", row: rowWith(offerOf({ uniqueId: "b" })), job, answer: "unknown" },
    {
      name: "of a boot that was superseded",
      row: rowWith(offerOf(), { pull: { bootAt: order.bootAt + 1, seq: 1, presentUntil: now } }),
      job,
      answer: "superseded",
    },
    { name: "the second time", row: rowWith(offerOf({ state: "accepted", order })), job, answer: "accepted" },
    { name: "once it is taken", row: rowWith(offerOf({ state: "taken", order })), job, answer: "accepted" },
    {
      name: "while the accept may be repeated",
      row: rowWith(offerOf({ state: "accepted", order, repeatUntil: now })),
      job,
      answer: "accepted",
    },
    {
      name: "so long after the accept that its runner would be too old",
      row: rowWith(offerOf({ state: "accepted", order, repeatUntil: now - 1 })),
      job,
      answer: "withdrawn",
    },
    {
      name: "where another boot accepted it",
      row: rowWith(offerOf({ state: "accepted", order: { bootAt: order.bootAt - 1, seq: 1 } })),
      job,
      answer: "withdrawn",
    },
    { name: "once it is withdrawn", row: rowWith(offerOf({ state: "withdrawn" })), job, answer: "withdrawn" },
    { name: "once it is refused", row: rowWith(offerOf({ state: "refused" })), job, answer: "withdrawn" },
    {
      name: "after OFFER_TTL, though nobody withdrew it yet",
      row: rowWith(offerOf()),
      job: claimedJobOf([offered({ offeredUntil: now })]),
      answer: "withdrawn",
    },
    { name: "where the job is forgotten", row: rowWith(offerOf()), job: null, answer: "withdrawn" },
    { name: "where the job has another claim", row: rowWith(offerOf()), job: jobOf(), answer: "withdrawn" },
    {
      name: "where the job is over",
      row: rowWith(offerOf()),
      job: { ...job, state: "cancelled" as const },
      answer: "withdrawn",
    },
    {
      name: "where the monitor is drained",
      row: rowWith(offerOf(), { drainedAt: 1, drainedUntil: now + 1 }),
      job,
      answer: "withdrawn",
    },
    {
      name: "where a later snapshot does not list it: the monitor has dropped it",
      row: rowWith(offerOf(), { pull: { bootAt: order.bootAt, seq: 13, presentUntil: now + 1 } }),
      job,
      answer: "withdrawn",
    },
  ])("$name: $answer", ({ row, job: read, answer }) => {
    expect(accept(row, read)).toEqual({ answer });
  });
});

it("an accept that a snapshot overtook counts where that snapshot lists the leg", () => {
  const pull = { bootAt: order.bootAt, seq: 13, presentUntil: now + 1 };
  expect(accept(rowWith(offerOf({ isListed: true }), { pull }), claimedJobOf([offered()])).answer).toBe("accepted");
});

it("an offer that another monitor has as well stays as it is there", () => {
  const other = offered({ monitor: "ci1" });
  const { change } = accept(rowWith(offerOf()), claimedJobOf([other, offered()], { runnerCount: 2 }));
  expect(change?.jobs?.[0]?.after?.claim?.legs).toMatchObject([other, { monitor: "ci0", state: "pending" }]);
});

it.each([
  { name: "whose drain ends now", row: rowWith(offerOf(), { drainedAt: 1, drainedUntil: now }) },
  { name: "of which no snapshot is known", row: rowOf(1, { pulled: [offerOf()] }) },
])("a monitor $name may accept", ({ row }) => {
  expect(accept(row, claimedJobOf([offered()])).answer).toBe("accepted");
});
