// The store suite on both stores.

import { Redis } from "ioredis";
import { describe } from "vitest";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { testSettings } from "../support/settings.ts";
import { describeStore } from "./store-suite.ts";

describeStore("embedded", async (environment, now) => {
  const settings = testSettings(environment);
  return {
    store: createEmbeddedStore(settings, now),
    lose: async () => createEmbeddedStore(settings, now),
    dispose: async () => {},
  };
});

/**
 * A Redis of the user's own, from TEST_REDIS_URL, is emptied for every test; otherwise a private
 * one is started.
 */
async function openRedis() {
  const given = process.env.TEST_REDIS_URL;
  if (given === undefined || given === "") {
    const server = await startRedis();
    return { url: server.url, client: server.client, close: async () => await server[Symbol.asyncDispose]() };
  }
  const client = new Redis(given);
  await client.flushdb();
  return { url: given, client, close: async () => client.disconnect() };
}

describe.skipIf(!hasRedis && !process.env.TEST_REDIS_URL)("with a real redis-server", () => {
  describeStore("Redis", async (environment, now) => {
    const redis = await openRedis();
    const store = createRedisStore(redis.url, "rq", testSettings(environment), () => {}, now);
    await store.ping();
    return {
      store,
      lose: async () => {
        await redis.client.flushdb();
        return store;
      },
      dispose: async () => {
        await store.close();
        await redis.close();
      },
    };
  });
});
