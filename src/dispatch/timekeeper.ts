// What time alone does, and what is learnt on the way: jobs fall asleep or are abandoned, claims of instances that died are taken over.
import type { Observe } from "../queue/events.ts";
import { type FreedRate, freedRateUnknown } from "../queue/freed-rate.ts";
import { enqueuedAt, type Job, type Ticket, ticketOf } from "../queue/job.ts";
import type { Store } from "../queue/ports.ts";

/** One sweep does so much at once; when thousands leave together, one a second would be too slow. */
const mostRounds = 20;

export interface Timekeeper {
  /** Lets time do its work on one profile. */
  sweep(profileKey: string): Promise<void>;
  /** How fast runners of a profile came free, when it was last swept. */
  freedRate(profileKey: string): FreedRate;
}

/** @param takeOver goes on with a claim that is ours now; `lostAt`: where the store was lost since, and may have forgotten more */
export function createTimekeeper(
  store: Store,
  owner: string,
  observe: Observe,
  takeOver: (ticket: Ticket, job: Job, now: number, lostAt: number | null) => void,
): Timekeeper {
  const freedRates = new Map<string, FreedRate>();
  const sweepOnce = async (profileKey: string): Promise<boolean> => {
    const { lapsed, abandoned, leaked, lostAt, now, freedRate, isMore } = await store.sweep(profileKey, owner);
    freedRates.set(profileKey, freedRate);
    for (const one of abandoned) {
      const job = ticketOf(profileKey, one);
      observe({ kind: "abandoned", job, waitedMs: waitedMs(job) });
    }
    if (leaked.length > 0) observe({ kind: "leaked", profileKey, uniqueId: null, runners: leaked });
    for (const one of lapsed) {
      if (one.job.claim === undefined) continue;
      const ticket = ticketOf(profileKey, one);
      const isFromBeforeLoss = ticket.place < lostAt * 1000;
      takeOver(ticket, one.job, now, isFromBeforeLoss ? lostAt : null);
    }
    return isMore;
  };
  return {
    sweep: async (profileKey) => {
      let isMore = true;
      for (let round = 0; isMore && round < mostRounds; round++) isMore = await sweepOnce(profileKey);
    },
    freedRate: (profileKey) => freedRates.get(profileKey) ?? freedRateUnknown,
  };
}

/** How long it has waited by now, on this process's clock, ms. */
export function waitedMs(ticket: Ticket): number {
  return Math.max(0, Date.now() - enqueuedAt(ticket.place));
}
