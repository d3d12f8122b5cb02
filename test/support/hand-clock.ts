// A queue over a store whose clock is set by hand, so that a test says in seconds who served, who
// was heard and what monitors showed meanwhile.
import { describe, onTestFinished } from "vitest";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { Job, JobRequest, Ticket } from "../../src/queue/job/job.ts";
import type { LegOutcome, RefusalCause } from "../../src/queue/job/leg-outcome.ts";
import type { Settlement } from "../../src/queue/job/settlement.ts";
import type { PollReply } from "../../src/queue/operations/poll.ts";
import type { Store } from "../../src/queue/store.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { createQueueOver, type QueueOver } from "./queue-over.ts";
import { hasRedis, startRedis } from "./redis-server.ts";
import { testSettings } from "./settings.ts";

export const profileKey = "linux";
export const start = 1_790_000_000_000;
const settings = testSettings();

export interface HandClock {
  now: number;
}

/**
 * A store by the given clock. `lose` throws all away, as a lost machine does, and returns the store
 * as it is then.
 */
export interface ClockedStore {
  readonly store: Store;
  readonly lose: () => Promise<Store>;
}

export type OpenStore = (clock: HandClock) => Promise<ClockedStore>;

async function openEmbedded(clock: HandClock): Promise<ClockedStore> {
  const create = () => createEmbeddedStore(settings, () => clock.now);
  return { store: create(), lose: async () => create() };
}

async function openRedis(clock: HandClock): Promise<ClockedStore> {
  const server = await startRedis();
  const store = createRedisStore(
    server.url,
    "rq",
    settings,
    () => {},
    () => clock.now,
  );
  onTestFinished(async () => {
    await store.close();
    await server[Symbol.asyncDispose]();
  });
  await store.ping();
  const lose = async () => {
    await server.client.flushdb();
    return store;
  };
  return { store, lose };
}

/** The same promises on both stores. */
export function describeOnStores(title: string, promises: (open: OpenStore) => void): void {
  describe(`${title}, on the embedded store`, () => promises(openEmbedded));
  describe.skipIf(!hasRedis)(`${title}, on Redis`, () => promises(openRedis));
}

export type ServedQueue = Awaited<ReturnType<typeof openQueue>>;

/** What one instance knows: a monitor that it does not know is never asked by it. */
export interface InstanceOptions {
  readonly canReach?: (monitor: string) => boolean;
}

/** Nobody serves while the clock is only set forward; `serve` is how time passes otherwise. */
export async function openQueue(open: OpenStore) {
  const clock: HandClock = { now: start };
  let setByMs = 0;
  const ownClock: Clock = { ...systemClock, now: () => clock.now - setByMs };
  const clocked = await open(clock);
  let instances = 0;
  const addInstance = (store: Store, { canReach }: InstanceOptions = {}): QueueOver =>
    createQueueOver(store, settings, `instance-${instances++}`, false, canReach, ownClock);
  let queue = addInstance(clocked.store);
  let claims = 0;
  /**
   * `uniqueId` of each job that somebody found to be abandoned, once for each time that it was
   * reported
   */
  const abandoned: string[] = [];
  let silences = 0;

  const sweep = async (): Promise<void> => {
    await queue.renewMark();
    const reply = await queue.sweep(profileKey);
    abandoned.push(...reply.abandoned.map(({ uniqueId }) => uniqueId));
    if (reply.isNewlySilent) silences += 1;
  };
  const requestOf = (uniqueId: string, more: Partial<JobRequest> = {}): JobRequest => ({
    uniqueId,
    profileKey,
    runnerCount: 1,
    qualifiedRepo: "o/r",
    runId: "1",
    ...more,
  });
  const poll = async (ticket: Ticket, by: QueueOver = queue): Promise<PollReply> => {
    const reply = await by.poll(ticket, `claim-${claims++}`);
    if (reply.kind === "abandoned" && reply.isNew) abandoned.push(ticket.uniqueId);
    return reply;
  };
  const settle = async (ticket: Ticket, job: Job, legs: readonly LegOutcome[], more: Partial<Settlement> = {}) => {
    const claim = { claimId: job.claim?.id ?? null, claimedAt: job.claim?.at ?? clock.now };
    return await queue.settle(ticket, { ...claim, legs, found: [], clearedFor: null, ...more });
  };
  const showFleet = async (idle: Readonly<Record<string, number>>, target = 4): Promise<void> => {
    for (const [monitor, free] of Object.entries(idle)) {
      const counts = new Map([[profileKey, { idle: free, target, healthy: target }]]);
      await queue.finishPoll(monitor, clock.now, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 1000 });
    }
  };
  const enqueue = async (uniqueId: string, more: Partial<JobRequest> = {}): Promise<Ticket> => {
    const request = requestOf(uniqueId, more);
    const reply = await queue.enqueue(request);
    if (reply.kind !== "accepted") throw new Error(`${uniqueId} was not accepted: ${reply.kind}`);
    return { ...request, place: reply.place };
  };
  await sweep();

  return {
    clock,
    settings,
    abandoned,
    addInstance: (options: InstanceOptions) => addInstance(clocked.store, options),
    get queue() {
      return queue;
    },
    get silences() {
      return silences;
    },
    sweep,
    /** The store's clock is set; those of the instances go on as before. */
    setClock: (byMs: number): void => {
      clock.now += byMs;
      setByMs += byMs;
    },
    /** Somebody serves for so long, second by second; `polls` come in at every one of them. */
    serve: async (ms: number, polls: readonly Ticket[] = []): Promise<void> => {
      const until = clock.now + ms;
      while (clock.now < until) {
        clock.now = Math.min(until, clock.now + 1000);
        await sweep();
        for (const ticket of polls) await poll(ticket);
      }
    },
    /** The store is gone with all that it knew, and an instance begins anew. */
    lose: async (): Promise<void> => {
      queue = addInstance(await clocked.lose());
      await sweep();
    },
    showFleet,
    requestOf,
    enqueue,
    /** A fleet that shows these idle runners, a job, and a moment later. */
    enqueueOn: async (idle: Readonly<Record<string, number>>, uniqueId: string): Promise<Ticket> => {
      await showFleet(idle);
      const ticket = await enqueue(uniqueId);
      clock.now += 10;
      return ticket;
    },
    poll,
    claim: async (ticket: Ticket): Promise<Job> => {
      const reply = await poll(ticket);
      if (reply.kind !== "claimed") throw new Error(`${ticket.uniqueId} did not claim: ${JSON.stringify(reply)}`);
      return reply.job;
    },
    settle,
    /** Every monitor that this claim asked refuses, for this cause. */
    refuse: async (ticket: Ticket, job: Job, cause: RefusalCause) =>
      await settle(
        ticket,
        job,
        (job.claim?.legs ?? []).map(({ monitor }) => ({ monitor, state: "refused", cause })),
      ),
    inspect: async (uniqueId: string) => await queue.inspect(profileKey, uniqueId),
  };
}

export function runnerOf(monitor: string, id: string): { monitor: string; id: string; body: string } {
  return { monitor, id, body: `{"id":"${id}"}` };
}

export function takenAt(monitor: string, ...ids: string[]): LegOutcome {
  return { monitor, state: "taken", runners: ids.map((id) => runnerOf(monitor, id)) };
}
