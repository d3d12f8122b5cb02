// One check's dealings with the queue, as a well-behaved client has them: "not now" is waited for
// as long as it was told to, and what must have gone well is checked on the spot.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { enqueueUrl, takeUrl } from "../deployed-client.ts";
import type { SelfTestCommand } from "./command.ts";
import { jobUrl, type Places } from "./places.ts";
import type { QueueClient, Reply, Silence } from "./queue-client.ts";
import { decideWaitMs, describeReply, expectJson, expectOk, Unexpected } from "./reply.ts";

/** "Not now" is believed for this long, where it is no take. */
const patienceMs = 30_000;
/** What curl gives one try; a queue answers a take well before. */
const takeWithinMs = 30_000;

export interface Asked {
  /** Absent: a new one. */
  readonly uniqueId?: string | undefined;
  /** Absent: one, and no count in the path. */
  readonly count?: number;
  readonly runId?: string;
  /** Absent: the token. Null: none at all. */
  readonly bearer?: string | null;
}

export interface Enqueued {
  readonly uniqueId: string;
  readonly reply: Reply;
  /** By performance.now(): when the first try was sent, and when the last was answered. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

export interface Place {
  readonly uniqueId: string;
  readonly count: number;
  readonly ticket: string;
  readonly sentAt: number;
  readonly answeredAt: number;
}

const jobSchema = z.looseObject({
  unique_id: z.string(),
  profile_key: z.string(),
  state: z.string(),
  position: z.int().min(1).nullable(),
  runner_count: z.int(),
});
export type JobShown = z.infer<typeof jobSchema>;

/**
 * All of these reject with Unexpected where the queue is silent or not as promised, and otherwise
 * only when the check's signal aborts.
 */
export interface Visit {
  get(path: string): Promise<Reply>;
  /** Whatever the queue says to it. */
  tryEnqueue(asked: Asked): Promise<Enqueued>;
  /** A job that must be accepted. */
  enqueue(asked: Asked): Promise<Place>;
  /** How the job stands. Does not count as presence. */
  look(place: Place): Promise<JobShown>;
  /** A job that had its runners is re-run, as its owner says. Returns its generation. */
  rerun(place: Place): Promise<number>;
  /** Gives the place up, as the job's owner, and checks that the queue says so too. */
  giveUp(place: Place): Promise<void>;
  /** One take, for which the queue must not reserve anything. */
  tryTake(uniqueId: string, ticket: string): Promise<Reply>;
  /** Takes until the queue answers with something else than "not now". Reserves runners. */
  takeInTurn(place: Place): Promise<Reply>;
  /** The last "not now", for whoever runs out of time; empty where there was none. */
  lastWait(): string;
}

/** @param withinMs how long any reply but a take's may take */
export function createVisit(
  queue: QueueClient,
  places: Places,
  command: SelfTestCommand,
  withinMs: number,
  signal: AbortSignal,
): Visit {
  const { profile, repo, token, timeoutMs } = command;
  let lastWait = "";

  /** Repeats what is answered "not now", like curl. */
  async function ask(what: string, sendOnce: () => Promise<Reply | Silence>, patientFor = patienceMs): Promise<Reply> {
    const giveUpAt = performance.now() + patientFor;
    for (;;) {
      signal.throwIfAborted();
      const reply = await sendOnce();
      if (reply.kind === "silence") throw new Unexpected(`${what} got no reply: ${reply.why}`);
      const waitMs = decideWaitMs(reply);
      if (waitMs === null || performance.now() + waitMs > giveUpAt) return reply;
      lastWait = `${what} was last answered ${describeReply(reply)}`;
      await delay(waitMs, undefined, { signal });
    }
  }

  function askForJob(method: "GET" | "DELETE", { uniqueId, ticket }: Place): Promise<Reply> {
    const url = jobUrl(queue.url, uniqueId, ticket);
    return ask(`${method} /jobs`, () => queue.send({ method, url, withinMs, signal }));
  }

  function askToTake(uniqueId: string, ticket: string, patientFor: number): Promise<Reply> {
    const url = takeUrl(queue.url, uniqueId, encodeURIComponent(ticket));
    const waitMs = Math.min(takeWithinMs, timeoutMs);
    return ask("take", () => queue.send({ method: "POST", url, withinMs: waitMs, signal }), patientFor);
  }

  async function tryEnqueue(asked: Asked): Promise<Enqueued> {
    const uniqueId = asked.uniqueId ?? `self-test-${randomUUID()}`;
    const { count, runId = command.runId, bearer = token } = asked;
    const url = enqueueUrl(queue.url, { profile, uniqueId, repo, runId, ...(count === undefined ? {} : { count }) });
    const sentAt = performance.now();
    const reply = await ask("enqueue", async () => {
      // Without the signal: a request that is cut off may still take a place, and its ticket would
      // be lost.
      const sent = await queue.send({ method: "POST", url, bearer: bearer ?? undefined, withinMs });
      places.enqueued(uniqueId, sent);
      return sent;
    });
    return { uniqueId, reply, sentAt, answeredAt: performance.now() };
  }

  async function look(place: Place): Promise<JobShown> {
    const job = expectJson("GET /jobs", await askForJob("GET", place), jobSchema);
    if (job.unique_id !== place.uniqueId || job.profile_key !== profile || job.runner_count !== place.count) {
      throw new Unexpected("GET /jobs shows another job than the ticket's");
    }
    return job;
  }

  return {
    get: (path) => ask(path, () => queue.send({ method: "GET", url: queue.url + path, withinMs, signal }), 0),
    tryEnqueue,
    enqueue: async (asked) => expectPlace(await tryEnqueue(asked), asked.count ?? 1),
    look,
    async rerun({ uniqueId, ticket }) {
      const url = jobUrl(queue.url, uniqueId, ticket, "/rerun");
      // without the signal: one that is cut off may still put the job in line
      const reply = await ask("POST /jobs/<id>/rerun", async () => {
        const sent = await queue.send({ method: "POST", url, withinMs });
        places.isAgain(uniqueId, ticket);
        return sent;
      });
      const schema = z.looseObject({ state: z.string(), generation: z.int() });
      return expectJson("POST /jobs/<id>/rerun", reply, schema).generation;
    },
    async giveUp(place) {
      const reply = await askForJob("DELETE", place);
      const { state } = expectJson("DELETE /jobs", reply, z.looseObject({ state: z.string() }));
      if (state !== "cancelled") throw new Unexpected(`DELETE /jobs left the job ${state}, not cancelled`);
      const job = await look(place);
      if (job.state !== "cancelled") throw new Unexpected(`GET /jobs shows a cancelled job as ${job.state}`);
      places.isOver(place.ticket);
    },
    tryTake: (uniqueId, ticket) => askToTake(uniqueId, ticket, 0),
    async takeInTurn({ uniqueId, ticket }) {
      const reply = await askToTake(uniqueId, ticket, Number.POSITIVE_INFINITY);
      if (reply.status === 200) places.isOver(ticket);
      return reply;
    },
    lastWait: () => lastWait,
  };
}

/** The place that a ticket stands for. */
export function expectPlace({ uniqueId, reply, sentAt, answeredAt }: Enqueued, count: number): Place {
  expectOk("enqueue", reply, "text/plain");
  if (!/^[\x21-\x7e]+$/.test(reply.body)) {
    throw new Unexpected("enqueue was answered 200, but not with one ticket and no newline");
  }
  return { uniqueId, count, ticket: reply.body, sentAt, answeredAt };
}
