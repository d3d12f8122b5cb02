// When a waiting client should ask again.

const nextFew = 3;
const midLine = 20;

/**
 * Whole seconds for Retry-After: 1 for the next few in line, about RETRY_AFTER in the middle of one, growing with the root of the
 * position, and never more than a third of ABANDON_AFTER. `spread` (0..999, a hash of the job) moves it by a quarter either
 * way, so that a crowd that came together does not come back in one second.
 */
export function decideRetryAfterSeconds(
  position: number,
  spread: number,
  retryAfterMs: number,
  abandonAfterMs: number,
): number {
  if (position <= nextFew) return 1;
  const longest = Math.max(1, Math.floor(abandonAfterMs / 3000));
  const base = Math.min(longest * 0.8, (retryAfterMs / 1000) * Math.sqrt(position / midLine));
  const seconds = Math.floor(base * (0.75 + spread / 2000) + 0.5);
  return Math.max(1, Math.min(longest, seconds));
}

/** 0..999, the same for the same id everywhere (FNV-1a over its characters). */
export function spreadOf(uniqueId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < uniqueId.length; i++) {
    hash = Math.imul(hash ^ uniqueId.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % 1000;
}

/** After a request that was held: his wait was spread by its own length, and while he is away his turn may come. curl knows nothing below 1 s. */
export const retryAfterHoldSeconds = 1;
