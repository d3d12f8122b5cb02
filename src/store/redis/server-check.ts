// What is looked at when an instance starts: whether this Redis can carry a queue. Too old a server is refused, for it would
// answer every enqueue with an error; what may cost the line one day is warned of.
import { createRedisClient, parseRedisAddress, type RedisClient } from "./address.ts";
import { whyOf } from "./connection.ts";
import { adoptFirstVersion } from "./first-version.ts";
import type { Keys } from "./keys.ts";

const minMajor = 7;
/** A server that does not answer by then is asked no more: the service starts, and is not ready until it answers. */
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
  client.on("error", () => {});
  try {
    if (!(await isReady(client))) return { kind: "unreachable" };
    const info = await client.info();
    const verdict = judge(info);
    if (verdict.kind === "refused" || address.kind !== "single") return verdict;
    const adopted = await adoptFirstVersion(client, keys, monitors);
    if (adopted.kind === "refused") return adopted;
    return { kind: "fine", advice: [...verdict.advice, ...adopted.advice] };
  } catch (error) {
    const why = whyOf(error);
    if (why === "NOPERM") {
      return {
        kind: "refused",
        why: "its user may not use INFO: the queue reads the server's run id by it. Allow +info",
      };
    }
    if (why === "WRONGPASS" || why === "NOAUTH") {
      return { kind: "refused", why: `${why}: the password in REDIS_URL is wrong or missing` };
    }
    return { kind: "unreachable" };
  } finally {
    client.disconnect();
  }
}

async function isReady(client: RedisClient): Promise<boolean> {
  if (client.status === "ready") return true;
  return await new Promise((resolve) => {
    const end = (isThere: boolean) => {
      clearTimeout(timer);
      client.off("ready", onReady);
      resolve(isThere);
    };
    const onReady = () => end(true);
    const timer = setTimeout(() => end(false), patienceMs);
    client.on("ready", onReady);
  });
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
