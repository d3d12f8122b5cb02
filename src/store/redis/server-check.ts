// What is looked at when an instance starts: whether this Redis can carry a queue. Too old a server
// is refused, for it would answer every enqueue with an error; what may cost the line one day is
// warned of.
import { createRedisClient, parseRedisAddress, type RedisClient } from "./address.ts";
import { whyOf } from "./connection.ts";
import { adoptFirstVersion } from "./first-version.ts";
import type { Keys } from "./keys.ts";

const minMajor = 7;
/**
 * A server that does not answer by then is asked no more: the service starts, and is not ready
 * until it answers.
 */
const patienceMs = 3_000;

export type ServerCheck =
  | { readonly kind: "fine"; readonly advice: readonly string[] }
  | { readonly kind: "refused"; readonly why: string }
  /** nobody answered in time */
  | { readonly kind: "unreachable" };

/** @param monitors whose drains may have to be taken over from the first version's keys */
export async function checkServer(url: string, keys: Keys, monitors: readonly string[]): Promise<ServerCheck> {
  const address = parseRedisAddress(url);
  const client = createRedisClient(address, {
    connectTimeout: patienceMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 200,
  });
  try {
    const readiness = await waitUntilReady(client);
    if (readiness.kind === "not_ready") return readiness.refusal ?? { kind: "unreachable" };
    const info = await client.info();
    const verdict = judge(info);
    if (verdict.kind === "refused" || address.kind !== "single") return verdict;
    const adopted = await adoptFirstVersion(client, keys, monitors);
    if (adopted.kind === "refused") return adopted;
    return { kind: "fine", advice: [...verdict.advice, ...adopted.advice] };
  } catch (error) {
    return refusalOf(error) ?? { kind: "unreachable" };
  } finally {
    client.disconnect();
  }
}

type Refusal = Extract<ServerCheck, { kind: "refused" }>;
type Readiness = { readonly kind: "ready" } | { readonly kind: "not_ready"; readonly refusal: Refusal | null };

/**
 * A server that refuses our password is never ready, and no later try changes that: its word comes
 * as an event.
 */
async function waitUntilReady(client: RedisClient): Promise<Readiness> {
  return await new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ kind: "not_ready", refusal: null }), patienceMs);
    const end = (readiness: Readiness) => {
      clearTimeout(timer);
      resolve(readiness);
    };
    client.on("ready", () => end({ kind: "ready" }));
    client.on("error", (error: Error & { lastNodeError?: unknown }) => {
      const refusal = refusalOf(error.lastNodeError ?? error);
      if (refusal !== null) end({ kind: "not_ready", refusal });
    });
  });
}

/** What no later try can mend; null: it may get well. */
function refusalOf(error: unknown): Refusal | null {
  switch (whyOf(error)) {
    case "NOPERM":
      return {
        kind: "refused",
        why: "its user may not use INFO: the queue reads the server's run id by it. Allow +info",
      };
    case "WRONGPASS":
    case "NOAUTH":
      return { kind: "refused", why: `${whyOf(error)}: the password in REDIS_URL is wrong or missing` };
    default:
      return null;
  }
}

/** What a server's INFO says of it. */
export function judge(info: string): Extract<ServerCheck, { kind: "fine" | "refused" }> {
  const field = (name: string) => new RegExp(`^${name}:(\\S*)`, "m").exec(info)?.[1] ?? "";
  const version = field("redis_version");
  if (Number.parseInt(version, 10) < minMajor) {
    return {
      kind: "refused",
      why: `Redis ${version} is too old: version ${minMajor} or later is needed (Valkey will do)`,
    };
  }
  const policy = field("maxmemory_policy");
  const isAppending = field("aof_enabled") === "1";
  return {
    kind: "fine",
    advice: [
      ...(policy === "noeviction" || policy === ""
        ? []
        : [`Redis evicts keys when it is full (maxmemory-policy ${policy}): jobs would vanish. Set noeviction`]),
      ...(isAppending ? [] : ["Redis keeps no append-only file: a restart forgets claims. Set appendonly yes"]),
    ],
  };
}
