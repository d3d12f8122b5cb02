// A held request that ended before its time leaves its job due at once, unless another one spoke
// for the job since.
import { expect, it } from "vitest";
import { hangUpOperation } from "../../../src/queue/operations/hang-up.ts";
import { claimedJobOf, jobOf, legOf, now, ticket, viewOf } from "../../support/queue-data.ts";

it("reads its job only", () => {
  const { name, profileKey, reads } = hangUpOperation(ticket, "h");
  expect({ name, profileKey, reads }).toEqual({
    name: "hang_up",
    profileKey: "linux",
    reads: { jobs: [{ uniqueId: "a", order: null }] },
  });
});

it.each([
  { name: "nobody knows the job", job: null, isDue: false },
  { name: "another request spoke for it since", job: jobOf({ holder: "other" }), isDue: false },
  { name: "none ever did", job: jobOf(), isDue: false },
  { name: "it is over", job: jobOf({ holder: "h", state: "taken" }), isDue: false },
  { name: "it waits", job: jobOf({ holder: "h" }), isDue: true },
  { name: "it is claimed, and stays out of line", job: claimedJobOf([legOf()], { holder: "h" }), isDue: true },
])("the job of a request that hung up: $name", ({ job, isDue }) => {
  const after = { ...job, heardAt: now, presentUntil: now + 4_000, abandonAt: now + 30_000 };
  expect(hangUpOperation(ticket, "h").decide(viewOf({ a: { job } }))).toEqual({
    answer: null,
    ...(isDue && { change: { jobs: [{ before: job, after }], wake: ["a"] } }),
  });
});
