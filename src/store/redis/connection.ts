// The connection to Redis. A command is sent once: it succeeds, fails with an answer, or is lost with its connection. Nothing is queued
// for later or sent again by the library, because every command names the run of the server it was meant for (its "marker"): a
// server that restarted or failed over may have forgotten claims, and has to be told apart.
import { Redis } from "ioredis";
import type { Observe } from "../../queue/events.ts";
import { StoreUnavailable } from "../../queue/ports.ts";

/** A server that is sent a command and says nothing for this long is gone. One timer per connection, not one per command. */
const silenceTimeoutMs = 2_000;
const connectTimeoutMs = 2_000;
/** How long a command waits for a connection that is being made. */
const patienceMs = 1_000;
/** A replica that is promoted in place changes its replication id but not its connections. */
const markerCheckMs = 5_000;

export interface Connection {
  readonly redis: Redis;
  /** Run id and replication id of the server that the next command will reach. Throws StoreUnavailable. */
  marker(): string | Promise<string>;
  /** A script knew a newer server run than the marker it was given. */
  noteStaleMarker(): void;
  close(): void;
}

/** What ioredis calls the place: a URL, or the bare path of a socket. */
export function redisPath(url: string): string {
  return url.startsWith("unix://") ? url.slice("unix://".length) : url;
}

/** @param url redis://, rediss:// or the path of a unix socket */
export function openConnection(url: string, observe: Observe): Connection {
  const redis = new Redis(redisPath(url), {
    connectTimeout: connectTimeoutMs,
    socketTimeout: silenceTimeoutMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 500),
    reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 1 : false),
  });
  let marker: string | null = null;
  let isClosing = false;
  let waiters: (() => void)[] = [];

  const learnMarker = async (): Promise<void> => {
    const info = await redis.info();
    const field = (name: string) => new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1] ?? "";
    marker = `${field("run_id")}.${field("master_replid")}`;
    if (isUp !== true) observe({ kind: "store_up" });
    isUp = true;
    for (const wake of waiters.splice(0)) wake();
  };
  /** null until it is known for the first time */
  let isUp: boolean | null = null;
  const noteDown = (why: string): void => {
    if (isUp !== false) observe({ kind: "store_down", why });
    isUp = false;
  };
  redis.on("error", (error: NodeJS.ErrnoException) => noteDown(error.code ?? error.name));
  redis.on("close", () => {
    marker = null;
    if (!isClosing) noteDown("the connection was closed");
  });
  redis.on("ready", () => {
    learnMarker().catch(() => redis.disconnect(true));
  });
  const timer = setInterval(() => {
    if (marker !== null) learnMarker().catch(() => {});
  }, markerCheckMs);

  const waitForMarker = async (): Promise<string> => {
    await new Promise<void>((resolve) => {
      const giveUp = setTimeout(resolve, patienceMs);
      waiters.push(() => {
        clearTimeout(giveUp);
        resolve();
      });
    });
    if (marker === null) throw new StoreUnavailable("no connection to Redis");
    return marker;
  };

  return {
    redis,
    marker: () => marker ?? waitForMarker(),
    noteStaleMarker: () => {
      marker = null;
      learnMarker().catch(() => redis.disconnect(true));
    },
    close: () => {
      isClosing = true;
      clearInterval(timer);
      waiters = [];
      redis.disconnect();
    },
  };
}
