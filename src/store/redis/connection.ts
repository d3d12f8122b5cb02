// The connection to Redis, and whether it serves. A command is sent once: it succeeds, fails with
// an answer, or is lost with its connection. Nothing is queued for later or sent again by the
// library; whoever sends a commit again names it.
//
// up --- the connection is lost, or a write is refused (full, read-only, too few replicas ...) --->
// away: one line, with why away --- a write succeeds ---> up
import { Cluster } from "ioredis";
import { StoreUnavailable } from "../../queue/store.ts";
import { createRedisClient, parseRedisAddress, type RedisClient } from "./address.ts";

/**
 * A server that is sent a command and says nothing for this long is gone. One timer per connection,
 * not one per command.
 */
const silenceTimeoutMs = 2_000;
const connectTimeoutMs = 2_000;
/** How long a command waits for a connection that is being made. */
const patienceMs = 1_000;

export interface Connection {
  readonly redis: RedisClient;
  /**
   * Carries out what only reads, or writes as well; a write that succeeds says that the store is
   * up. Throws StoreUnavailable.
   */
  read<T>(send: () => Promise<T>): Promise<T>;
  write<T>(send: () => Promise<T>): Promise<T>;
  close(): void;
}

export type NoteStanding = (
  standing: { readonly kind: "store_up" } | { readonly kind: "store_down"; readonly why: string },
) => void;

/** @param url as in REDIS_URL */
export function openConnection(url: string, note: NoteStanding): Connection {
  const redis = createRedisClient(parseRedisAddress(url), {
    connectTimeout: connectTimeoutMs,
    socketTimeout: silenceTimeoutMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
    reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 1 : false),
  });
  /** null until it is known for the first time */
  let isUp: boolean | null = null;
  let isClosing = false;
  const noteDown = (why: string): void => {
    if (isUp !== false && !isClosing) note({ kind: "store_down", why });
    isUp = false;
  };
  const noteUp = (): void => {
    if (isUp !== true) note({ kind: "store_up" });
    isUp = true;
  };
  redis.on("error", (error: NodeJS.ErrnoException) => noteDown(whyOf(error)));
  redis.on("close", () => noteDown("the connection was closed"));
  redis.on("ready", () => {
    // a write, so that a full store and a read-only one are not taken for well
    if (isUp === null) noteUp();
  });

  const isReady = (): boolean => redis.status === "ready";
  const waitUntilReady = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(giveUp);
        redis.off("ready", done);
        resolve();
      };
      const giveUp = setTimeout(done, patienceMs);
      redis.on("ready", done);
    });
    if (!isReady()) throw new StoreUnavailable("no connection to Redis");
  };
  const reach = async <T>(send: () => Promise<T>): Promise<T> => {
    if (!isReady()) await waitUntilReady();
    try {
      return await send();
    } catch (error) {
      if (isOurBug(error)) throw error;
      const why = whyOf(error);
      if (isRefusal(error)) noteDown(why);
      throw new StoreUnavailable(why);
    }
  };
  return {
    redis,
    read: reach,
    write: async (send) => {
      const reply = await reach(send);
      if (isUp !== true) noteUp();
      return reply;
    },
    close: () => {
      isClosing = true;
      redis.disconnect();
    },
  };
}

/**
 * Redis's own word for an error (OOM, READONLY, WRONGPASS ...), or the system's; never a text that
 * quotes what was sent.
 */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return "error";
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  const [word = ""] = error.message.split(/[\s,:]/);
  if (/^[A-Z][A-Z0-9_]{2,30}$/.test(word)) return word;
  return error instanceof StoreUnavailable ? error.message : error.name;
}

/** A server that answers with an error does not serve, whatever it says to a ping. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}

/**
 * A script that broke, or a document that is not ours: not the store's absence. Redis says ERR for
 * a script's own errors.
 */
function isOurBug(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === "ZodError" ||
      error instanceof TypeError ||
      /^ERR .*(user_script|Error compiling)/.test(error.message))
  );
}

/** Run ids of all masters of a cluster; none where there is one server. */
export async function readMasters(redis: RedisClient): Promise<readonly string[]> {
  if (!(redis instanceof Cluster)) return [];
  const infos = await Promise.all(redis.nodes("master").map((node) => node.info("server").catch(() => "")));
  return infos.flatMap((info) => /^run_id:(\w+)/m.exec(info)?.[1] ?? []);
}
