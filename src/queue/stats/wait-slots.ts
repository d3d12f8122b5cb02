// How long jobs waited, counted in slots that grow by half each: a median and a 95th percentile to a
// few per cent, over any span of time, from a handful of counters.

const growth = 1.5;
/** Seven hours and more. */
export const lastSlot = 26;

/** Slot 0 is below a second, slot n from 1.5^(n-1) s up to 1.5^n s. */
export function slotOf(waitedMs: number): number {
  if (waitedMs < 1_000) return 0;
  const slot = 1 + Math.floor(Math.log(waitedMs / 1_000) / Math.log(growth) + 1e-9);
  return Math.min(lastSlot, slot);
}

/** The wait that a share of all did not exceed, ms; null where nobody was counted. */
export function percentileMs(counts: ReadonlyMap<number, number>, share: number): number | null {
  const slots = [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  const total = slots.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  let before = 0;
  for (const [slot, count] of slots) {
    const wanted = share * total - before;
    if (wanted <= count) return Math.round(startOf(slot) + (startOf(slot + 1) - startOf(slot)) * (wanted / count));
    before += count;
  }
  return Math.round(startOf((slots.at(-1)?.[0] ?? 0) + 1));
}

function startOf(slot: number): number {
  return slot === 0 ? 0 : 1_000 * growth ** (slot - 1);
}
