// Where Redis is, as REDIS_URL says it: one server, the master that Sentinels know, or a Cluster.
import { Cluster, Redis } from "ioredis";

export type RedisAddress =
  | { readonly kind: "single"; readonly url: string }
  | {
      readonly kind: "sentinel" | "cluster";
      readonly hosts: readonly { readonly host: string; readonly port: number }[];
      /** of the master that Sentinels know, and the database there */
      readonly name: string;
      readonly db: number;
      readonly isTls: boolean;
      readonly username: string | undefined;
      readonly password: string | undefined;
      readonly sentinelPassword: string | undefined;
    };

/**
 * Reads `redis://...`, `rediss://...`, `unix://...` or a socket's path,
 * `redis+sentinel://host:port,host:port/name` and `redis+cluster://host:port,...` (`rediss+...` for
 * TLS). Throws for anything else: the settings are checked before.
 */
export function parseRedisAddress(text: string): RedisAddress {
  const [, scheme, kind, rest = ""] = /^(rediss?)\+(sentinel|cluster):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === undefined) {
    return { kind: "single", url: text.startsWith("unix://") ? text.slice("unix://".length) : text };
  }
  const [, credentials, list = "", path = "", query = ""] =
    /^(?:([^@/]*)@)?([^/?]+)(\/[^?]*)?(?:\?(.*))?$/.exec(rest) ?? [];
  const hosts = list.split(",").map((one) => {
    const url = new URL(`redis://${one}`);
    return {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port) || (kind === "sentinel" ? 26_379 : 6_379),
    };
  });
  const [username, password] = (credentials ?? "").split(":").map(decodeURIComponent);
  return {
    kind: kind as "sentinel" | "cluster",
    hosts,
    name: path.split("/")[1] ?? "",
    db: Number(path.split("/")[2] ?? 0),
    isTls: scheme === "rediss",
    username: username === "" ? undefined : username,
    password,
    sentinelPassword: new URLSearchParams(query).get("sentinelPassword") ?? undefined,
  };
}

export type RedisClient = Redis | Cluster;

/** What the store's two connections set for themselves. */
export interface ClientOptions {
  readonly connectTimeout: number;
  readonly socketTimeout?: number;
  readonly maxRetriesPerRequest?: number;
  readonly enableOfflineQueue?: boolean;
  readonly autoResendUnfulfilledCommands?: boolean;
  readonly autoResubscribe?: boolean;
  readonly retryStrategy: (attempt: number) => number;
  readonly reconnectOnError?: (error: Error) => boolean | 1 | 2;
}

/** A client of that address; it connects by itself. */
export function createRedisClient(address: RedisAddress, options: ClientOptions): RedisClient {
  if (address.kind === "single") return new Redis(address.url, { ...options });
  const { hosts, name, db, isTls, username, password, sentinelPassword } = address;
  const auth = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: {} }),
  };
  if (address.kind === "cluster") {
    return new Cluster([...hosts], {
      redisOptions: {
        ...auth,
        connectTimeout: options.connectTimeout,
        ...(options.socketTimeout !== undefined && { socketTimeout: options.socketTimeout }),
      },
      enableOfflineQueue: options.enableOfflineQueue ?? true,
      retryDelayOnFailover: 100,
      slotsRefreshInterval: 5_000,
      clusterRetryStrategy: (attempt: number) => Math.min(50 * attempt, 500),
      dnsLookup: (host: string, found: (error: null, address: string) => void) => found(null, host),
    });
  }
  return new Redis({
    ...options,
    ...auth,
    sentinels: [...hosts],
    name,
    db,
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(isTls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
    sentinelRetryStrategy: (attempt: number) => Math.min(50 * attempt, 500),
  });
}
