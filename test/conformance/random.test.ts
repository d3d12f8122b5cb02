// Random command sequences: three profiles, twenty ids, lost replies, lost memory and clocks that
// are set. The embedded store is the specification, checked by the invariants after every step and
// made anew of what it kept now and then; about a quarter of the sequences run on Redis, too, which
// has to give the same replies and hold the same documents.
//
// Where the time goes: a step on Redis costs some 4 round trips for its replies, and its state is
// about 50 commands in one burst; the embedded store costs a tenth of that. So most sequences run
// without Redis, and states are compared at every fifth step and at the end. RANDOM_SEQUENCES,
// RANDOM_SHARE and RANDOM_SEED make it longer, put more of it on Redis or repeat a run (npm run
// test:long).
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { PollReply } from "../../src/queue/operations/poll.ts";
import type { Policy } from "../../src/queue/policy/policy.ts";
import type { Store } from "../../src/queue/store.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import type { Happening, Heard } from "../simulation/happening.ts";
import { note } from "../simulation/invariants.ts";
import { type PromiseName, promises } from "../simulation/promises.ts";
import { createSeen } from "../simulation/seen.ts";
import { watchStore } from "../simulation/watched-store.ts";
import { createMemoryPersistence } from "../support/memory-persistence.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { testSettings } from "../support/settings.ts";
import { carryOut, createRandomWorld, learn, type RandomWorld, requestOf, ticketOf } from "./carry-out.ts";
import { type Command, commands, monitors, profiles } from "./commands.ts";
import { showState } from "./shown-state.ts";
import { type Trouble, troubleStore } from "./troubled-store.ts";

const sequences = Number(process.env.RANDOM_SEQUENCES ?? 2000);
/**
 * The same sequences each time, so that a failure is a change's and no chance's. RANDOM_SEED tries
 * others, as `npm run test:long` does.
 */
const seed = Number(process.env.RANDOM_SEED ?? 1);
const settings = testSettings({ MAX_QUEUE_DEPTH: "6", MAX_ATTEMPTS: "3" });
/** about one sequence of so many runs on Redis as well */
const share = Number(process.env.RANDOM_SHARE ?? 4);
const compareEvery = 5;

/** Two repositories, one of which has the larger share. */
const twoShares: Policy = {
  default: {},
  repositories: [{ pattern: "o/r1", weight: 3 }],
  owners: [],
  classes: [],
  monitors: [],
};

const noTrouble: Trouble = { next: null, profileKey: "" };

/** Nothing is waited for: a reply that was lost is asked for again at once. */
const atOnce: Clock = { ...systemClock, after: (_, act) => systemClock.after(0, act) };

describe.skipIf(!hasRedis)("random sequences", () => {
  let server: RedisServer;
  let now = 0;
  let redisStore: Store;
  const looks = new Map<PromiseName, number>();

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
    if (Math.abs(ms) < 40_000) return;
    for (const key of await server.client.keys("*")) {
      const left = await server.client.pttl(key);
      if (left > 0) await server.client.pexpire(key, Math.max(0, left - ms));
    }
  }

  const beginAll = async (store: Store): Promise<void> => {
    for (const profileKey of profiles) await store.beginEpoch(profileKey, "");
  };

  /** An embedded store that can lose its memory, watched by the invariants. */
  function openEmbedded(world: RandomWorld, trouble: Trouble, tell: (happening: Happening) => void) {
    const kept = createMemoryPersistence();
    const open = () =>
      watchStore(
        createEmbeddedStore(settings, () => world.now, kept),
        () => trueTime,
        monitors,
        tell,
      );
    let trueTime = world.now;
    let inner = open();
    const lose = async () => {
      kept.forget();
      inner = open();
      tell({ kind: "store_lost", at: trueTime });
      await beginAll(inner);
    };
    const store = troubleStore(() => inner, trouble, lose, false);
    return {
      store,
      lose,
      /** What is kept is all there is: a store made anew of it is the same store. */
      reopen: () => {
        inner = open();
      },
      passTime: (ms: number) => {
        trueTime += ms;
      },
      get trueTime() {
        return trueTime;
      },
    };
  }

  function openShared(trouble: Trouble) {
    const lose = async () => {
      await server.client.flushdb();
      await beginAll(redisStore);
    };
    return { store: troubleStore(() => redisStore, trouble, lose, true), lose };
  }

  async function runSequence(sequence: readonly Command[], isShared: boolean): Promise<void> {
    const world = createRandomWorld();
    const seen = createSeen({ settings, keptForMs: 60_000, servedWithinMs: 60_000, endedWithinMs: 60_000 });
    const broken: string[] = [];
    const tell = (happening: Happening) => broken.push(...note(seen, happening).map(({ sentence }) => sentence));
    const troubles: [Trouble, Trouble] = [{ ...noTrouble }, { ...noTrouble }];
    const embedded = openEmbedded(world, troubles[0], tell);
    const shared = isShared ? openShared(troubles[1]) : null;
    // half of them share their lines
    const policy = sequence.length % 2 === 0 ? twoShares : undefined;
    const createQueue = (store: Store) => createQueueOver(store, settings, "me", true, () => true, atOnce, policy);
    now = world.now;
    await embedded.lose();
    await shared?.lose();
    let queue = createQueue(embedded.store);
    let sharedQueue = shared === null ? null : createQueue(shared.store);
    for (const [at, given] of sequence.entries()) {
      world.steps += 1;
      if (given.kind === "wait" || given.kind === "set_clock") {
        if (isShared) await passTime(given.ms);
        world.now += given.ms;
        if (given.kind === "wait") embedded.passTime(given.ms);
      }
      if (given.kind === "trouble") {
        for (const trouble of troubles)
          Object.assign(trouble, { next: given.next, profileKey: profiles[given.profile] });
      }
      // a monitor's news is written for all profiles at once: which of them trouble meets would be
      // chance
      const putOff = given.kind === "snapshot" ? troubles[0].next : null;
      if (putOff !== null) for (const trouble of troubles) trouble.next = null;
      // a life of the store is known by when it began
      if (given.kind === "lose" || troubles[0].next === "memory_lost") world.now += 1;
      now = world.now;
      const before = seen.mirrors.get(profiles[0] ?? "")?.lostAt;
      if (given.kind === "lose") {
        await embedded.lose();
        await shared?.lose();
        if (given.isRestart) queue = createQueue(embedded.store);
        if (given.isRestart && shared !== null) sharedQueue = createQueue(shared.store);
      }
      if (world.steps % 10 === 0) embedded.reopen();
      const askedAt = embedded.trueTime;
      const reply = await carryOut(queue, given, world);
      const words = `${world.steps}: ${JSON.stringify(given)}`;
      if (sharedQueue !== null) {
        expect(await carryOut(sharedQueue, given, world), words).toEqual(reply);
        if (at % compareEvery === 0 || at === sequence.length - 1) {
          expect(await showState(redisStore), `state after ${words}`).toEqual(await showState(embedded.store));
        }
      }
      if (putOff !== null) for (const trouble of troubles) trouble.next = putOff;
      tellReply(tell, given, reply, world, askedAt);
      expect(broken, words).toEqual([]);
      learn(world, given, reply);
      const lostAt = seen.mirrors.get(profiles[0] ?? "")?.lostAt;
      if (lostAt !== undefined && lostAt !== null && lostAt !== before) world.lostAt = lostAt;
    }
    for (const [promise, count] of seen.looks) looks.set(promise, (looks.get(promise) ?? 0) + count);
  }

  it(
    `keep every promise over ${sequences} of them; one of ${share} gets the same replies and leaves the same documents on Redis`,
    async () => {
      const property = fc.asyncProperty(commands, fc.nat(share - 1), async (sequence, turn) => {
        await runSequence(sequence, turn === 0);
      });
      await fc.assert(property, { numRuns: sequences, seed });
      // a run that looks at nothing proves nothing
      if (sequences < 500) return;
      const unseen = ["reservations", "live_runners", "ends", "served"];
      expect([...looks.keys()].sort()).toEqual(
        Object.keys(promises)
          .filter((one) => !unseen.includes(one))
          .sort(),
      );
    },
    Math.max(600_000, sequences * 1_000),
  );
});

/**
 * What a client hears. Which runners there are is made up by the commands: whether those of an
 * answer are live is not asked.
 */
function tellReply(
  tell: (happening: Happening) => void,
  given: Command,
  reply: unknown,
  world: RandomWorld,
  at: number,
): void {
  if (reply === "unavailable" || reply === null) return;
  if (given.kind === "enqueue") {
    const { kind, place } = reply as { kind: string; place?: number };
    const request = requestOf(given);
    if (kind === "accepted" && place !== undefined) tell({ kind: "enqueued", at, ticket: { ...request, place } });
    return;
  }
  const ticket = ticketOf(given, world);
  if (ticket === undefined) return;
  if (given.kind === "hang_up") tell({ kind: "left", at, ticket });
  if (given.kind !== "poll") return;
  const heard = heardOf(reply as PollReply);
  if (heard !== null) tell({ kind: "answered", at, askedAt: at, ticket, heard });
}

function heardOf(reply: PollReply): Heard | null {
  switch (reply.kind) {
    case "claimed":
    case "wait":
    case "suspect":
      return { kind: "wait" };
    case "taken":
      return { kind: "answer", bytes: reply.answer, runners: [] };
    case "failed":
      return { kind: "answer", bytes: "null", runners: [] };
    case "unbooked":
    case "late":
      return null;
    default:
      return { kind: "over" };
  }
}
