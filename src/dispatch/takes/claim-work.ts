// The work that a claim starts: its legs are sent and settled, and what stays open is reconciled. A
// request that waits for it may leave; the work goes on, and its answer waits in the store for the
// next poll.
//
// This process renews the claim's lease while it works. Should it die, the lease lapses and another
// instance's sweep goes on with the evidence.
import { type Clock, delay } from "../../clock.ts";
import { type Observe, waitedMs } from "../../queue/events.ts";
import { type Claim, isOpen, isPulled, type Job, type Ticket } from "../../queue/job/job.ts";
import type { Settlement, SettleReply } from "../../queue/job/settlement.ts";
import { inspectOperation } from "../../queue/operations/inspect.ts";
import { renewOperation } from "../../queue/operations/renew.ts";
import { settleOperation } from "../../queue/operations/settle.ts";
import { claimLeaseMs, type QueueSettings } from "../../queue/settings.ts";
import { StoreUnavailable } from "../../queue/store.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import type { SendLeg } from "./leg-sender.ts";
import type { FollowPulledLeg } from "./pulled-leg.ts";
import type { Reconcile } from "./reconciler.ts";

export interface Work {
  /** settled, as far as can be: reconciling may have followed */
  readonly done: Promise<SettleReply>;
  isClientPresent: boolean;
}

export interface ClaimWork {
  /**
   * Asks the monitors of a fresh claim. @param askedAt the clock's `now` when the claim was asked
   * for
   */
  start(ticket: Ticket, job: Job & { claim: Claim }, askedAt: number): Work;
  /** Keeps a claim ours while we work on it. Returns the function that stops it. */
  keepLease(ticket: Ticket, claimId: string, isClientPresent: () => boolean): () => void;
  /** How many claims have a leg under way here. */
  readonly size: number;
  /** Resolves when no leg of this process is under way. */
  idle(): Promise<void>;
}

/**
 * Settles, and does not give up while the store is away: what a monitor gave is never thrown away.
 */
export function createSettle(
  runner: OperationRunner,
  settings: QueueSettings,
  observe: Observe,
  clock: Clock,
): (ticket: Ticket, settlement: Settlement) => Promise<SettleReply> {
  return async function settle(ticket, settlement) {
    const giveUpAt = clock.now() + settings.unknownHoldMs;
    for (;;) {
      try {
        const { reply, leaked } = await runner.run(settleOperation(ticket, settlement));
        observe({ kind: "settled", outcome: reply.kind });
        if (leaked.length > 0) {
          observe({ kind: "leaked", profileKey: ticket.profileKey, uniqueId: ticket.uniqueId, runners: leaked });
        }
        if ((reply.kind === "taken" || reply.kind === "failed") && reply.isNew) {
          observe({ kind: reply.kind, job: ticket, waitedMs: waitedMs(ticket, clock.date()) });
        }
        return reply;
      } catch (error) {
        observe({ kind: "trouble", where: "settle", error });
        if (!(error instanceof StoreUnavailable) || clock.now() > giveUpAt) throw error;
        await delay(clock, 250);
      }
    }
  };
}

export function createClaimWork(
  runner: OperationRunner,
  sendLeg: SendLeg,
  followPulledLeg: FollowPulledLeg,
  settle: (ticket: Ticket, settlement: Settlement) => Promise<SettleReply>,
  reconcile: Reconcile,
  observe: Observe,
  clock: Clock,
): ClaimWork {
  const underWay = new Set<Promise<unknown>>();

  const keepLease: ClaimWork["keepLease"] = (ticket, claimId, isClientPresent) => {
    return clock.every(claimLeaseMs / 4, () => {
      Promise.resolve(runner.run(renewOperation(ticket, claimId, isClientPresent()))).catch(() => {});
    });
  };

  /** Settles by evidence what the replies to a claim left open. */
  const reconcileClaim = async (ticket: Ticket, claimId: string): Promise<SettleReply> => {
    const state = await runner.run(inspectOperation(ticket.profileKey, ticket.uniqueId, null));
    const isOurs = state.kind !== "unknown" && state.job.claim?.id === claimId && isToReconcile(state.job);
    return isOurs ? await reconcile(ticket, state.job, state.now, null) : { kind: "over" };
  };

  return {
    keepLease,
    start: (ticket, job, askedAt) => {
      const { claim } = job;
      const { attempts: attempt, traceParent } = job;
      observe({ kind: "claimed", job: ticket, attempt, legs: claim.legs, traceParent });
      const work = { isClientPresent: true, done: Promise.resolve<SettleReply>({ kind: "open" }) };
      const stopRenewing = keepLease(ticket, claim.id, () => work.isClientPresent);
      const legs = claim.legs.map(async (leg): Promise<SettleReply> => {
        if (isPulled(leg)) return await followPulledLeg(ticket, claim.id, leg.monitor);
        const outcome = await sendLeg(ticket, job, leg, askedAt);
        const settlement = { claimId: claim.id, claimedAt: claim.at, legs: [outcome], found: [], clearedFor: null };
        return await settle(ticket, settlement);
      });
      const asking = Promise.all(legs);
      underWay.add(asking);
      work.done = asking
        .then(async (ends) => {
          const last = ends.find(({ kind }) => kind !== "open");
          return last ?? (await reconcileClaim(ticket, claim.id));
        })
        .finally(stopRenewing);
      asking.finally(() => underWay.delete(asking)).catch(() => {});
      work.done.catch((error: unknown) => observe({ kind: "trouble", where: "claim", error }));
      return work;
    },
    get size() {
      return underWay.size;
    },
    idle: async () => {
      while (underWay.size > 0) await Promise.allSettled([...underWay]);
    },
  };
}

/** Whether a leg is open of which monitors' dashboards are the evidence. */
export function isToReconcile({ claim }: Pick<Job, "claim">): boolean {
  return claim?.legs.some((leg) => isOpen(leg) && !isPulled(leg)) ?? false;
}

/** How the work ended, or null when the budget ended first, or one of `leave` said not to wait. */
export async function settledWithin(
  clock: Clock,
  work: Work,
  budgetMs: number,
  leave: readonly AbortSignal[],
): Promise<SettleReply | null> {
  if (leave.some((signal) => signal.aborted)) return null;
  return await new Promise((resolve, reject) => {
    const callOff = clock.after(Math.max(0, budgetMs), onLeave);
    for (const signal of leave) signal.addEventListener("abort", onLeave);
    function forget() {
      callOff();
      for (const signal of leave) signal.removeEventListener("abort", onLeave);
    }
    function onLeave() {
      forget();
      resolve(null);
    }
    work.done.finally(forget).then(resolve, reject);
  });
}
