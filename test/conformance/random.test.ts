// Random command sequences against both stores, compared step by step: the embedded store is the specification, Redis has to do the
// same. RANDOM_SEQUENCES and RANDOM_SEED make it longer or repeat a run (npm run test:long).
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../../src/queue/store.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { createMemoryPersistence } from "../support/memory-persistence.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { testSettings } from "../support/settings.ts";
import { type Command, carryOut, commands, createWorld, dump, learn, profileKey } from "./commands.ts";
import { createInvariants } from "./invariants.ts";

const sequences = Number(process.env.RANDOM_SEQUENCES ?? 500);
const seed = process.env.RANDOM_SEED === undefined ? undefined : Number(process.env.RANDOM_SEED);
const settings = testSettings({ MAX_QUEUE_DEPTH: "5", MAX_ATTEMPTS: "3" });

describe.skipIf(!hasRedis)("the same commands", () => {
  let server: RedisServer;
  let now = 0;
  let redisStore: Store;

  beforeAll(async () => {
    server = await startRedis();
    redisStore = createRedisStore(
      server.url,
      "rq",
      settings,
      () => {},
      () => now,
    );
    await redisStore.ping();
  });
  afterAll(async () => {
    await redisStore?.close();
    await server?.[Symbol.asyncDispose]();
  });

  /** What Redis forgets by its own clock, it forgets by the clock that is handed in. */
  async function passTime(ms: number): Promise<void> {
    if (ms < 60_000) return;
    for (const key of await server.client.keys("*")) {
      const left = await server.client.pttl(key);
      if (left > 0) await server.client.pexpire(key, Math.max(0, left - ms));
    }
  }

  async function runSequence(sequence: readonly Command[]): Promise<void> {
    const world = createWorld();
    const clock = () => world.now;
    const kept = createMemoryPersistence();
    const createEmbedded = () => createQueueOver(createEmbeddedStore(settings, clock, kept), settings);
    let embedded = createEmbedded();
    let shared = createQueueOver(redisStore, settings);
    const loseAll = async () => {
      now = world.now;
      await server.client.flushdb();
      kept.forget();
      embedded = createEmbedded();
      shared = createQueueOver(redisStore, settings);
      world.lostAt = world.now;
      await shared.sweep(profileKey);
      await embedded.sweep(profileKey);
    };
    await loseAll();
    const invariants = createInvariants(settings);
    for (const given of sequence) {
      world.steps += 1;
      if (given.kind === "wait") {
        world.now += given.ms;
        await passTime(given.ms);
      }
      if (given.kind === "lose") {
        await loseAll();
        invariants.forget();
      }
      now = world.now;
      // What is kept is all there is: a store made anew of it is the same store.
      if (world.steps % 3 === 0) embedded = createEmbedded();
      const expected = await carryOut(embedded, given, world);
      const actual = await carryOut(shared, given, world);
      expect(actual, `${world.steps}: ${JSON.stringify(given)}`).toEqual(expected);
      const state = await dump(embedded);
      expect(await dump(shared), `state after ${world.steps}: ${JSON.stringify(given)}`).toEqual(state);
      invariants.check(state, given, expected, world);
      learn(world, given, expected);
    }
  }

  it(
    `get the same replies and leave the same state in both stores, and keep every invariant, over ${sequences} sequences`,
    async () => {
      const property = fc.asyncProperty(commands, runSequence);
      await fc.assert(property, { numRuns: sequences, ...(seed === undefined ? {} : { seed }) });
    },
    Math.max(600_000, sequences * 1_000),
  );
});
