// A real master with its replica, watched by a real Sentinel on loopback. Gone when the test is
// over.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { vi } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { findFreePort, type RedisServer, startRedis } from "./redis-server.ts";

export interface WatchedRedis extends AsyncDisposable {
  /** as in REDIS_URL */
  readonly url: string;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** Resolves when all that was written until now has reached the replica. */
  replicated(): Promise<void>;
  /** Resolves when the Sentinel names the replica as the master, and it takes writes. */
  promoted(): Promise<void>;
}

const name = "queue";
const portOf = ({ url }: RedisServer) => Number(new URL(url).port);
const soon = { timeout: 60_000, interval: 50 };

export async function startWatchedRedis(): Promise<WatchedRedis> {
  const master = await startRedis(false, true);
  const replica = await startRedis(false, true, ["--repl-diskless-sync-delay", "0"]);
  await master.client.config("SET", "repl-diskless-sync-delay", "0");
  await replica.client.replicaof("127.0.0.1", portOf(master));
  await vi.waitFor(async () => {
    const info = await replica.client.info("replication");
    if (!info.includes("master_link_status:up")) throw new Error("the replica has not caught up");
  }, soon);
  const sentinel = await startSentinel(portOf(master));
  await vi.waitFor(async () => {
    const replicas = (await sentinel.client.call("SENTINEL", "REPLICAS", name)) as unknown[];
    if (replicas.length !== 1) throw new Error("the Sentinel does not know the replica yet");
  }, soon);
  return {
    url: `redis+sentinel://127.0.0.1:${sentinel.port}/${name}`,
    master,
    replica,
    replicated: async () => {
      // WAIT looks at its own connection's writes only
      await master.client.set("mark", "", "PX", 1_000);
      if ((await master.client.wait(1, 20_000)) < 1) throw new Error("the replica does not follow");
    },
    promoted: async () => {
      await vi.waitFor(async () => {
        const named = (await sentinel.client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name)) as string[];
        if (named[1] !== String(portOf(replica))) throw new Error("no failover yet");
        if (!(await replica.client.info("replication")).includes("role:master")) throw new Error("not promoted yet");
      }, soon);
    },
    [Symbol.asyncDispose]: async () => {
      await sentinel.stop();
      await Promise.all([master, replica].map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

async function startSentinel(masterPort: number) {
  const folder = await mkdtemp(join(tmpdir(), "rq-sentinel-"));
  const port = await findFreePort();
  const settings = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 10000`,
  ];
  const file = join(folder, "sentinel.conf");
  await writeFile(file, `${settings.join("\n")}\n`);
  const sentinel = spawn("redis-server", [file, "--sentinel"], { stdio: ["ignore", "ignore", "inherit"] });
  endWithUs(sentinel);
  const client = new Redis(port, "127.0.0.1", { retryStrategy: () => 50, maxRetriesPerRequest: 100 });
  client.on("error", () => {});
  return {
    port,
    client,
    stop: async () => {
      client.disconnect();
      const ended = once(sentinel, "exit");
      sentinel.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
