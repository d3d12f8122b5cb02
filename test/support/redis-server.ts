// A private redis-server for a test: on a unix socket in a folder of its own, gone when the test is
// over.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { endWithUs } from "../../scripts/end-with-us.ts";

/**
 * Whether the program is there. Where it is not, tests that need it are skipped with a word, and
 * fail under CI=true.
 */
export const hasRedis: boolean = (() => {
  if (spawnSync("redis-server", ["--version"]).status === 0) return true;
  const words = "redis-server is missing: apt-get install redis-server";
  if (process.env.CI === "true") throw new Error(words);
  console.warn(`${words} (tests that need it are skipped)`);
  return false;
})();

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly client: Redis;
  /** kill -9, and back again on the same files. */
  kill(): Promise<void>;
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  start(): Promise<void>;
}

/**
 * @param isDurable with an append-only file, fsynced at every write, as we ship it
 * @param isOnTcp for those who cannot reach a unix socket
 * @param more arguments of redis-server
 */
export async function startRedis(
  isDurable = false,
  isOnTcp = false,
  more: readonly string[] = [],
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "rq-redis-"));
  const socket = join(folder, "redis.sock");
  const port = isOnTcp ? await findFreePort() : 0;
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const durable = isDurable ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
    const args = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--unixsocket",
      socket,
      "--dir",
      folder,
      "--save",
      "",
      ...durable,
    ];
    const started = spawn("redis-server", [...args, "--maxmemory-policy", "noeviction", ...more], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    server = started;
    endWithUs(started);
    await new Promise<void>((resolve, reject) => {
      started.on("exit", () => reject(new Error("redis-server ended")));
      started.stdout?.on("data", (text: Buffer) => {
        if (text.includes("ready to accept connections") || text.includes("Ready to accept connections")) resolve();
      });
    });
  };
  const kill = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
  };
  await start();
  const client = new Redis(socket, { lazyConnect: true, maxRetriesPerRequest: 5, retryStrategy: () => 50 });
  client.on("error", () => {});
  return {
    url: isOnTcp ? `redis://127.0.0.1:${port}` : socket,
    client,
    kill,
    signal: (name) => void server?.kill(name),
    start,
    [Symbol.asyncDispose]: async () => {
      client.disconnect();
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
