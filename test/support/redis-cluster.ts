// A real Redis Cluster of three masters on loopback, whose slots a test can move. Gone when the
// test is over.
import { spawnSync } from "node:child_process";
import { vi } from "vitest";
import { findFreePort, type RedisServer, startRedis } from "./redis-server.ts";

export interface RedisCluster extends AsyncDisposable {
  /** as in REDIS_URL */
  readonly url: string;
  readonly masters: readonly RedisServer[];
  slotOf(key: string): Promise<number>;
  ownerOf(slot: number): Promise<RedisServer>;
  /** From now on the slot is on its way: a key is at the one master or at the other. */
  beginMove(slot: number, from: RedisServer, to: RedisServer): Promise<void>;
  /** Moves this many of the slot's keys at most; returns how many are left. */
  moveKeys(slot: number, from: RedisServer, to: RedisServer, atMost: number): Promise<number>;
  endMove(slot: number, to: RedisServer): Promise<void>;
}

const portOf = ({ url }: RedisServer) => Number(new URL(url).port);

export async function startRedisCluster(): Promise<RedisCluster> {
  const masters: RedisServer[] = [];
  const stop = async () => {
    for (const master of masters) await master[Symbol.asyncDispose]();
  };
  try {
    for (let index = 0; index < 3; index++) {
      const busPort = String(await findFreePort());
      masters.push(await startRedis(false, true, ["--cluster-enabled", "yes", "--cluster-port", busPort]));
    }
    const hosts = masters.map((master) => `127.0.0.1:${portOf(master)}`);
    const made = spawnSync("redis-cli", ["--cluster", "create", ...hosts, "--cluster-yes"], { encoding: "utf8" });
    if (made.status !== 0) throw new Error(`no cluster: ${made.stdout}${made.stderr}`);
    for (const { client } of masters) {
      await vi.waitFor(
        async () => {
          if (!String(await client.cluster("INFO")).includes("cluster_state:ok")) throw new Error("not yet a cluster");
        },
        { timeout: 60_000, interval: 50 },
      );
    }
    return describeCluster(masters, `redis+cluster://${hosts.join(",")}`, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function describeCluster(masters: readonly RedisServer[], url: string, stop: () => Promise<void>): RedisCluster {
  const idOf = async ({ client }: RedisServer) => String(await client.cluster("MYID"));
  return {
    url,
    masters,
    slotOf: async (key) => Number(await masters[0]?.client.cluster("KEYSLOT", key)),
    ownerOf: async (slot) => {
      const slots = (await masters[0]?.client.cluster("SLOTS")) ?? [];
      const owner = slots.find(([first, last]) => first <= slot && slot <= last)?.[2]?.[1];
      const found = masters.find((master) => portOf(master) === owner);
      if (found === undefined) throw new Error(`nobody has slot ${slot}`);
      return found;
    },
    beginMove: async (slot, from, to) => {
      await to.client.cluster("SETSLOT", slot, "IMPORTING", await idOf(from));
      await from.client.cluster("SETSLOT", slot, "MIGRATING", await idOf(to));
    },
    moveKeys: async (slot, from, to, atMost) => {
      const keys = (await from.client.cluster("GETKEYSINSLOT", slot, atMost)) as string[];
      if (keys.length > 0) {
        await from.client.call("MIGRATE", "127.0.0.1", portOf(to), "", 0, 5_000, "KEYS", ...keys);
      }
      return Number(await from.client.cluster("COUNTKEYSINSLOT", slot));
    },
    endMove: async (slot, to) => {
      const id = await idOf(to);
      // first where it arrives, so that nobody is sent in circles
      await to.client.cluster("SETSLOT", slot, "NODE", id);
      for (const { client } of masters) await client.cluster("SETSLOT", slot, "NODE", id);
    },
    [Symbol.asyncDispose]: stop,
  };
}
