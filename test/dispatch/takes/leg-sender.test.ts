// What a leg's outcome says of when evidence counts.
import { expect, it } from "vitest";
import type { Clock } from "../../../src/clock.ts";
import { createLegSender } from "../../../src/dispatch/takes/leg-sender.ts";
import type { TakeOutcome } from "../../../src/queue/fleet/monitors.ts";
import type { Claim, Job } from "../../../src/queue/job/job.ts";
import { testSettings } from "../../support/settings.ts";

const ticket = { uniqueId: "a", profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", place: 1 };

/** Sends a leg to a monitor that answers so after so long. */
async function sendTo(outcome: TakeOutcome, afterMs: number) {
  let now = 0;
  const clock: Clock = {
    now: () => now,
    date: () => now,
    after: () => () => {},
    every: () => () => {},
    soon: () => {},
  };
  const sendLeg = createLegSender({
    clock,
    store: { takePlace: () => "taken", freePlace: () => {} },
    monitors: {
      names: ["m"],
      knows: () => true,
      fetches: () => false,
      take: async () => {
        now += afterMs;
        return outcome;
      },
      readEvidence: async () => ({ kind: "none" }),
      readRunners: async () => null,
    },
    settings: { ...testSettings(), takeTimeoutMs: 22_000 },
    observe: () => {},
    noteTaken: () => {},
  });
  const job = { attempts: 1, claim: { id: "c" } } as Job & { claim: Claim };
  return await sendLeg(ticket, job, { monitor: "m", runners: 1 }, 0);
}

const error = { kind: "unknown", word: "status_5xx", what: "status 500" } as const;

it.each([
  ["an error that comes at once", error, 300, 0],
  ["`null` after ten seconds", { kind: "unknown", word: "null", what: "null" } as const, 10_020, 0],
  ["an error after ten seconds: its thread may work on", error, 10_020, 14_980],
])("evidence counts after %s: in the right time", async (_, outcome, afterMs, evidenceInMs) => {
  expect(await sendTo(outcome, afterMs)).toMatchObject({ state: "unknown", evidenceInMs });
});
