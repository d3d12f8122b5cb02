// What a subscriber may have missed: the history of a profile says which jobs changed since the last look. A few entries, once a second and profile, and
// only while somebody waits here.
import type { Redis } from "ioredis";
import type { Store } from "../../queue/ports.ts";
import { historyKey } from "./keys.ts";
import { parseHistory } from "./replies.ts";

/** More than this at once: all look for themselves. */
const mostEntries = 500;

export function createMissedNews(
  redis: Redis,
  command: <T>(send: () => Promise<T>) => Promise<T>,
): Store["missedNews"] {
  /** by profile, the id of the last entry that was seen */
  const seen = new Map<string, string>();
  return async (profileKey) => {
    const key = historyKey(profileKey);
    const since = seen.get(profileKey);
    const [last] = await command(() => redis.xrevrange(key, "+", "-", "COUNT", 1));
    const lastId = last?.[0] ?? "0-0";
    seen.set(profileKey, lastId);
    if (since === lastId) return [];
    // seen for the first time, or the store began anew
    if (since === undefined || isBefore(lastId, since)) return null;
    const entries = await command(() => redis.xrange(key, `(${since}`, lastId, "COUNT", mostEntries));
    if (entries.length === mostEntries) return null;
    return parseHistory(entries).flatMap(({ id }) => (id === undefined ? [] : [id]));
  };
}

/** Ids of a stream are `<ms>-<number>`. */
function isBefore(id: string, other: string): boolean {
  const [a = 0, b = 0] = id.split("-").map(Number);
  const [c = 0, d = 0] = other.split("-").map(Number);
  return a < c || (a === c && b < d);
}
