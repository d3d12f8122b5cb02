// Renew: the owner of a claim still works on it. Whose request is still open is present meanwhile.
import { hasOpenLeg, isOver, type Ticket } from "../job/job.ts";
import { presenceAfterPoll } from "../job/presence.ts";
import type { Operation } from "../profile.ts";
import { claimLeaseMs } from "../settings.ts";

/** Answers whether the claim is still the owner's. */
export function renewOperation(ticket: Ticket, claimId: string, isClientPresent: boolean): Operation<boolean> {
  const { uniqueId, profileKey } = ticket;
  return {
    name: "renew",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }] },
    decide: ({ job: read, now, owner, settings }) => {
      const { job } = read(uniqueId);
      const claim = job?.claim;
      const isOurs = claim?.id === claimId && claim.owner === owner && job !== null && hasOpenLeg(job);
      if (!isOurs || job === null || claim === undefined) return { answer: false };
      const presence =
        isClientPresent && !isOver(job.state) ? { ...presenceAfterPoll(job, now, 1, settings), isPresent: false } : {};
      const after = { ...job, ...presence, claim: { ...claim, leaseUntil: now + claimLeaseMs } };
      return { answer: true, change: { jobs: [{ before: job, after }] } };
    },
  };
}
