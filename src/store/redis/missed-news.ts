// What a subscriber may have missed: the history of a profile says which jobs changed since the
// last look. A few entries, once a second and profile, and only while somebody waits here.
import { historyEntrySchema } from "../../queue/history.ts";
import type { Store } from "../../queue/store.ts";
import type { RedisClient } from "./address.ts";
import type { Connection } from "./connection.ts";
import type { Keys } from "./keys.ts";

/** More than this at once: all look for themselves. */
const maxEntries = 500;

export function createMissedNews(redis: RedisClient, read: Connection["read"], keys: Keys): Store["missedNews"] {
  /** by profile, the id of the last entry that was seen */
  const seen = new Map<string, string>();
  return async (profileKey) => {
    const key = keys.history(profileKey);
    const since = seen.get(profileKey);
    const [last] = await read(async () => await redis.xrevrange(key, "+", "-", "COUNT", 1));
    const lastId = last?.[0] ?? "0-0";
    seen.set(profileKey, lastId);
    if (since === lastId) return [];
    // seen for the first time, or the store began anew
    if (since === undefined || isBefore(lastId, since)) return null;
    const entries = await read(async () => await redis.xrange(key, `(${since}`, lastId, "COUNT", maxEntries));
    if (entries.length === maxEntries) return null;
    return entries.flatMap(([, fields]) => historyEntrySchema.parse(JSON.parse(fields[1] ?? "")).id ?? []);
  };
}

/** Ids of a stream are `<ms>-<number>`. */
function isBefore(id: string, other: string): boolean {
  const [a = 0, b = 0] = id.split("-").map(Number);
  const [c = 0, d = 0] = other.split("-").map(Number);
  return a < c || (a === c && b < d);
}
