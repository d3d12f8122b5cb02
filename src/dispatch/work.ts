// The work that a claim starts, and a request that waits for it: the request may leave, the work goes on.
import type { SettleReply } from "../queue/settlement.ts";

export interface Work {
  /** settled, as far as the legs' own replies go; reconciling may still follow */
  readonly done: Promise<SettleReply["kind"]>;
  isClientPresent: boolean;
}

/** How the work ended, or null when the budget ended first, or one of `leave` said not to wait. */
export async function settledWithin(
  work: Work,
  budgetMs: number,
  leave: readonly AbortSignal[],
): Promise<SettleReply["kind"] | null> {
  if (leave.some((signal) => signal.aborted)) return null;
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(onLeave, Math.max(0, budgetMs));
    for (const signal of leave) signal.addEventListener("abort", onLeave);
    function forget() {
      clearTimeout(timer);
      for (const signal of leave) signal.removeEventListener("abort", onLeave);
    }
    function onLeave() {
      forget();
      resolve(null);
    }
    work.done.finally(forget).then(resolve, reject);
  });
}
