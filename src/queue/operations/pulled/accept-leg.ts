// Accept: a monitor that fetches takes on an offer. The accept is the assignment: from here on it is
// believed to reserve, until it says what came of it or no longer lists the leg.

import { takesOf } from "../../fleet/fleet.ts";
import { isLaterOrder, isRepeatable, type MonitorOrder, withPulledLeg } from "../../fleet/pulled-legs.ts";
import { isOver, type Job, type Leg } from "../../job/job.ts";
import type { LegParts } from "../../job/leg-name.ts";
import type { Operation } from "../../profile.ts";
import { beginWithinMs, legMemoryMs, repeatWithinMs } from "../../settings.ts";

export interface AcceptCommand extends LegParts {
  readonly monitor: string;
  readonly order: MonitorOrder;
  /** a fetch accepts what it brings under this key, and brings it again */
  readonly key?: string;
}

export type AcceptReply = "accepted" | "withdrawn" | "unknown" | "superseded";

/** The same call again gets the same reply, for a while. An accept that an earlier snapshot overtook comes too late. */
export function acceptLegOperation(command: AcceptCommand): Operation<AcceptReply> {
  const { profileKey, uniqueId, claimId, monitor, order, key } = command;
  return {
    name: "accept",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }] },
    decide: ({ job: read, capacity, now, settings }) => {
      const row = capacity.rows.get(monitor);
      const known = row?.pulled?.find((leg) => leg.claimId === claimId && leg.uniqueId === uniqueId);
      if (row === undefined || known === undefined) return { answer: "unknown" };
      if (row.pull !== undefined && row.pull.bootAt > order.bootAt) return { answer: "superseded" };
      if (known.state === "accepted" || known.state === "taken") {
        const isRepeated = known.order?.bootAt === order.bootAt && isRepeatable(known, now);
        return { answer: isRepeated ? "accepted" : "withdrawn" };
      }
      if (known.state !== "offered") return { answer: "withdrawn" };
      const { job } = read(uniqueId);
      const leg = job === null ? undefined : pulledLegOf(job, claimId, monitor);
      // what its monitor showed later than this, it showed without the leg
      const isOvertaken = row.pull !== undefined && isLaterOrder(row.pull, order) && known.isListed !== true;
      const isLate = leg === undefined || leg.state !== "offered" || (leg.offeredUntil ?? 0) <= now;
      const isDrained = row.drainedUntil > now;
      // whoever follows the claim takes the offer back, and says so
      if (job === null || isOver(job.state) || isLate || isDrained || isOvertaken) return { answer: "withdrawn" };
      const holdUntil = now + beginWithinMs + settings.unknownHoldMs;
      const accepted: Leg = { ...leg, state: "pending", acceptedAt: now, evidenceAfter: now, holdUntil };
      const repeatUntil = now + repeatWithinMs;
      const until = holdUntil + legMemoryMs;
      const change = { state: "accepted" as const, order, until, repeatUntil, ...(key && { key }) };
      return {
        answer: "accepted",
        change: {
          jobs: [{ before: job, after: withLeg(job, accepted) }],
          takes: new Map([[monitor, { ...takesOf(row), pulled: withPulledLeg(row.pulled, claimId, change, now) }]]),
          wake: [uniqueId],
        },
      };
    },
  };
}

/** A leg of this claim, where its monitor fetches it. */
export function pulledLegOf({ claim }: Pick<Job, "claim">, claimId: string, monitor: string): Leg | undefined {
  if (claim?.id !== claimId) return undefined;
  return claim.legs.find((leg) => leg.monitor === monitor && leg.offeredUntil !== undefined);
}

function withLeg(job: Job, leg: Leg): Job {
  if (job.claim === undefined) return job;
  const legs = job.claim.legs.map((other) => (other.monitor === leg.monitor ? leg : other));
  return { ...job, claim: { ...job.claim, legs } };
}
