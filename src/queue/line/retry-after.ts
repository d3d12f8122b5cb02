// When a waiting client should ask again.
import { hashOf } from "../hash.ts";

const nextFew = 3;
const midLine = 20;
/**
 * The next few ask each second. Where nothing came free for so long, every second or third will do.
 */
const quietMs = [60_000, 180_000] as const;

/**
 * Whole seconds for Retry-After: 1 for the next few in line (up to 3 while nothing comes free),
 * about RETRY_AFTER in the middle of one, growing with the root of the position, and never more
 * than a third of ABANDON_AFTER. `spread` (0..999, a hash of the job) moves it by a quarter either
 * way, so that a crowd that came together does not come back in one second.
 * @param quietForMs for how long the client has waited and nothing came free, ms
 */
export function decideRetryAfterSeconds(
  position: number,
  spread: number,
  retryAfterMs: number,
  abandonAfterMs: number,
  quietForMs = 0,
): number {
  const maxSeconds = Math.max(1, Math.floor(abandonAfterMs / 3000));
  const quietSeconds = 1 + quietMs.filter((ms) => quietForMs >= ms).length;
  if (position <= nextFew) return Math.min(maxSeconds, quietSeconds);
  const base = Math.min(maxSeconds * 0.8, (retryAfterMs / 1000) * Math.sqrt(position / midLine));
  const seconds = Math.floor(base * (0.75 + spread / 2000) + 0.5);
  return Math.max(1, Math.min(maxSeconds, seconds));
}

/** 0..999, the same for the same id everywhere. */
export function spreadOf(uniqueId: string): number {
  return hashOf(uniqueId) % 1000;
}

/**
 * After a request that was held: its wait was spread by its own length. curl knows nothing below 1
 * s.
 */
export const retryAfterHoldSeconds = 1;
