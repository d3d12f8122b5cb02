// Renew: only its owner keeps a claim, and whose request is still open is present meanwhile.
import { describe, expect, it } from "vitest";
import { renewOperation } from "../../../src/queue/operations/renew.ts";
import { claimedJobOf, claimOf, jobOf, legOf, now, ticket, viewOf } from "../../support/queue-data.ts";

const renew = (job: ReturnType<typeof jobOf> | null, isClientPresent = false) =>
  renewOperation(ticket, "claim-1", isClientPresent).decide(viewOf({ a: { job } }));

it("reads its job only", () => {
  const { name, profileKey, reads } = renewOperation(ticket, "claim-1", true);
  expect({ name, profileKey, reads }).toEqual({
    name: "renew",
    profileKey: "linux",
    reads: { jobs: [{ uniqueId: "a", order: null }] },
  });
});

describe("a claim that is not the owner's is left alone", () => {
  it.each([
    { name: "nobody knows the job", job: null },
    { name: "it was never claimed", job: jobOf() },
    {
      name: "it is another claim by now",
      job: claimedJobOf([legOf()], { claim: claimOf([legOf()], { id: "claim-2" }) }),
    },
    {
      name: "another instance took it over",
      job: claimedJobOf([legOf()], { claim: claimOf([legOf()], { owner: "you" }) }),
    },
    { name: "nothing is open", job: claimedJobOf([legOf({ state: "taken" })]) },
  ])("$name", ({ job }) => {
    expect(renew(job, true)).toEqual({ answer: false });
  });
});

describe("a lease is renewed for 5 s", () => {
  const renewed = { ...claimOf(), leaseUntil: now + 5_000 };
  const present = { heardAt: now, presentUntil: now + 9_000, abandonAt: now + 35_000 };
  it.each([
    { name: "nobody waits for it", job: claimedJobOf(), isPresent: false, expected: {} },
    {
      name: "its client waits: that is presence, out of line",
      job: claimedJobOf(),
      isPresent: true,
      expected: present,
    },
    {
      name: "nobody is present for a job that is over",
      job: claimedJobOf([legOf()], { state: "cancelled" }),
      isPresent: true,
      expected: {},
    },
  ])("$name", ({ job, isPresent, expected }) => {
    expect(renew(job, isPresent)).toEqual({
      answer: true,
      change: { jobs: [{ before: job, after: { ...job, ...expected, claim: renewed } }] },
    });
  });
});
