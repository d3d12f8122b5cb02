// How long to wait before trying again: longer each time, and each time somewhere else in the span,
// so that a thousand hosts do not come back in one moment.
export interface Backoff {
  /** ms; at least `atLeastMs` */
  next(atLeastMs?: number): number;
  reset(): void;
}

/** @param random from 0 to 1 */
export function createBackoff(firstMs: number, maxMs: number, random: () => number = Math.random): Backoff {
  let spanMs = firstMs;
  return {
    next: (atLeastMs = 0) => {
      const waitMs = spanMs * (0.5 + random() / 2);
      spanMs = Math.min(maxMs, spanMs * 2);
      return Math.max(waitMs, atLeastMs * (1 + random() / 4));
    },
    reset: () => {
      spanMs = firstMs;
    },
  };
}
