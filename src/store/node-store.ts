// The store of a Node instance, by its settings: Redis, a file, or this process's memory.
import type { QueueSettings } from "../queue/settings.ts";
import type { Store } from "../queue/store.ts";
import { openDataFile } from "./embedded/data-file.ts";
import { createEmbeddedStore } from "./embedded/embedded-store.ts";
import type { NoteStanding } from "./redis/connection.ts";

export interface StoreSettings {
  readonly redisUrl: string | undefined;
  readonly redisPrefix: string;
  readonly dataFile: string | undefined;
  readonly monitors: readonly string[];
}

export type OpenedStore =
  | { readonly kind: "open"; readonly store: Store; readonly advice: readonly string[] }
  | { readonly kind: "refused"; readonly why: string };

export async function openNodeStore(
  { redisUrl, redisPrefix, dataFile, monitors }: StoreSettings,
  settings: QueueSettings,
  note: NoteStanding,
): Promise<OpenedStore> {
  if (redisUrl !== undefined) {
    // Only who has a Redis loads its client.
    const [{ createKeys }, { createRedisStore }, { checkServer }] = await Promise.all([
      import("./redis/keys.ts"),
      import("./redis/redis-store.ts"),
      import("./redis/server-check.ts"),
    ]);
    const check = await checkServer(redisUrl, createKeys(redisPrefix), monitors);
    if (check.kind === "refused") return { kind: "refused", why: `REDIS_URL: ${check.why}` };
    const advice = check.kind === "fine" ? check.advice : [];
    return { kind: "open", store: createRedisStore(redisUrl, redisPrefix, settings, note), advice };
  }
  if (dataFile === undefined) return { kind: "open", store: createEmbeddedStore(settings, Date.now), advice: [] };
  const opened = openDataFile(dataFile);
  if (opened.kind === "refused") return { kind: "refused", why: `DATA_FILE: ${opened.why}` };
  const { persistence, life, close } = opened.file;
  const store = createEmbeddedStore(settings, Date.now, persistence, life);
  return { kind: "open", store: { ...store, close }, advice: [] };
}
