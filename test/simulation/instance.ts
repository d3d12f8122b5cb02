// One instance of the queue in the simulated world: the production's dispatcher, poller and sweeper
// on a machine that can be paused, crash, and be stopped in order.
import { composeQueue, type Queue } from "../../src/compose.ts";
import { parseConfig } from "../../src/config.ts";
import type { GithubNews } from "../../src/dispatch/github-listener.ts";
import type { Observe, QueueEvent } from "../../src/queue/events.ts";
import type { GithubRuns } from "../../src/queue/github-runs.ts";
import type { Ticket } from "../../src/queue/job/job.ts";
import { type CommitPart, type PartResult, type Store, StoreUnavailable } from "../../src/queue/store.ts";
import type { Chance } from "./chance.ts";
import { serveRequest } from "./front.ts";
import type { Happening, Heard } from "./happening.ts";
import type { Machine } from "./machine.ts";
import { createMonitorTransport, type MonitorLink } from "./monitor-transport.ts";
import { type ClientReply, type ClientRequest, runnersOf, uniqueIdOf } from "./requests.ts";
import { createStoreClient, type StoreClient, type StoreLink } from "./store-client.ts";
import type { Trace } from "./trace.ts";
import type { WorldTime } from "./world-time.ts";

export interface Instance {
  readonly machine: Machine;
  /** monitors that it knows */
  readonly reach: readonly string[];
  readonly storeClient: StoreClient;
  /** Whether it takes requests: a load balancer asks. */
  readonly isServing: boolean;
  /** requests that it has not answered */
  readonly openRequests: number;
  /** claims and evidence that it works on */
  readonly isBusy: boolean;
  /** Where hosts that fetch their takes are served. */
  readonly pulling: Queue["pulling"];
  /** Serves a request; the client's leaving is told by calling what is returned. */
  serve(request: ClientRequest, reply: (given: ClientReply) => void): () => void;
  /** An event of GitHub's reaches it. */
  hear(news: GithubNews): void;
  /** As on SIGTERM. Calls back when its process is over. */
  stop(then: () => void): void;
  crash(): void;
}

export interface InstanceSurroundings {
  readonly time: WorldTime;
  readonly trace: Trace;
  readonly storeLink: StoreLink;
  readonly monitorLink: MonitorLink;
  readonly pollIntervalMs: number;
  /** monitors that fetch their takes */
  readonly fetching?: readonly string[];
  readonly tell: (happening: Happening) => void;
  readonly observed: (event: QueueEvent) => void;
  /** an error that is no lost store reached a client */
  readonly onBug: (error: unknown) => void;
  /** settings over and above the usual ones */
  readonly environment?: Readonly<Record<string, string>>;
  /** GitHub's API, as this machine reaches it; absent: it is not asked */
  readonly githubRuns?: GithubRuns;
}

/** SIGTERM: no new requests, then the old ones have so long, ms. */
const drainMs = 2_000;
const letGoMs = 10_000;

const configs = new Map<string, ReturnType<typeof configOf>>();
function configOf(
  reach: readonly string[],
  fetching: readonly string[],
  pollIntervalMs: number,
  environment: Readonly<Record<string, string>>,
) {
  const addressOf = (monitor: string) => (fetching.includes(monitor) ? "pull" : `http://${monitor}`);
  const monitors = reach.map((monitor) => `${monitor}=${addressOf(monitor)}`).join(",");
  const parsed = parseConfig({
    MONITORS: monitors,
    API_TOKENS: "a-token-of-the-simulation",
    MONITOR_POLL_INTERVAL: `${pollIntervalMs}ms`,
    ...environment,
  });
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("; "));
  return parsed.config;
}

export function createInstance(
  surroundings: InstanceSurroundings,
  machine: Machine,
  reach: readonly string[],
  chance: Chance,
): Instance {
  const { trace, tell, time } = surroundings;
  const { name } = machine;
  const { pollIntervalMs, environment = {}, githubRuns, fetching = [] } = surroundings;
  const key = `${reach.join()} ${fetching.join()} ${pollIntervalMs} ${JSON.stringify(environment)}`;
  const config = configs.get(key) ?? configOf(reach, fetching, pollIntervalMs, environment);
  configs.set(key, config);
  const storeClient = createStoreClient(surroundings.storeLink);
  const store: Store = {
    ...storeClient.store,
    commit: async (profileKey, parts, wake) => {
      const results = await storeClient.store.commit(profileKey, parts, wake);
      noteCommitted(parts, results);
      return results;
    },
  };
  const transport = createMonitorTransport(surroundings.monitorLink);
  const observe: Observe = (event) => {
    if (!machine.isAlive) return;
    const about = "job" in event ? event.job.uniqueId : "uniqueId" in event ? event.uniqueId : null;
    if (about !== null || toldOfAll.has(event.kind)) trace.note(about, () => `${name} ${writeEvent(event)}`);
    surroundings.observed(event);
  };
  let ids = 0;
  const { dispatcher, poller, pulling } = composeQueue(
    config,
    { store, transport, observe, githubRuns, policy: () => config.POLICY },
    {
      clock: machine.clock,
      newId: () => `${name}.${machine.boot}.${++ids}`,
      random: chance.next,
    },
  );
  const open = new Set<ClientRequest>();
  let isServing = true;

  /** held takes of which the store has not heard yet */
  const unheard = new Map<string, Ticket>();
  const noteCommitted = (parts: readonly CommitPart[], results: readonly PartResult[]): void => {
    if (unheard.size === 0) return;
    for (const [at, { jobs }] of parts.entries()) {
      for (const { uniqueId } of results[at] === "done" ? jobs : []) {
        const ticket = unheard.get(uniqueId);
        if (ticket !== undefined) tell({ kind: "held", at: time.now, ticket });
        unheard.delete(uniqueId);
      }
    }
  };
  const noteReply = (request: ClientRequest, askedAt: number, hasLeft: boolean, given: ClientReply): void => {
    trace.note(uniqueIdOf(request), () => `${name} answers ${request.kind}: ${given.status} ${given.reason}`);
    const { place, status } = given;
    if (request.kind === "enqueue" && status === 200 && place !== undefined) {
      tell({ kind: "enqueued", at: time.now, ticket: { ...request.job, place }, askedAt });
    }
    if (request.kind !== "take") return;
    const heard = heardOf(given);
    // who left is not heard by being told to wait
    if (heard !== null && !(hasLeft && heard.kind === "wait"))
      tell({ kind: "answered", at: time.now, ticket: request.ticket, askedAt, heard });
  };
  const leave = (ticket: Ticket): void => tell({ kind: "left", at: time.now, ticket });

  poller.start();
  dispatcher.sweeper.start();
  return {
    machine,
    reach,
    storeClient,
    pulling,
    get isServing() {
      return isServing && machine.isAlive;
    },
    get openRequests() {
      return open.size;
    },
    get isBusy() {
      return dispatcher.isBusy();
    },
    serve: (request, reply) => {
      const askedAt = time.now;
      let gone: AbortController | null = null;
      let hasLeft = false;
      const clientGone = (): AbortSignal => {
        gone ??= new AbortController();
        if (hasLeft) gone.abort();
        return gone.signal;
      };
      const isHeld = request.kind === "take" && request.holdMs > 0;
      open.add(request);
      if (isHeld) {
        unheard.set(uniqueIdOf(request), request.ticket);
        // a process that is paused for longer, or cannot reach the store, holds nobody
        time.after(request.holdMs + 1_000, () => {
          if (open.has(request)) leave(request.ticket);
        });
      }
      void serveRequest(dispatcher, request, clientGone, surroundings.onBug).then((given) => {
        open.delete(request);
        if (isHeld) unheard.delete(uniqueIdOf(request));
        if (!machine.isAlive) return;
        noteReply(request, askedAt, hasLeft, given);
        reply(given);
      });
      return () => {
        machine.deliver(() => {
          if (!open.has(request)) return;
          hasLeft = true;
          if (isHeld) leave(request.ticket);
          unheard.delete(uniqueIdOf(request));
          gone?.abort();
        });
      };
    },
    hear: (news) => {
      dispatcher.hearGithub(news).catch((error: unknown) => {
        // GitHub sends it once
        if (!(error instanceof StoreUnavailable)) surroundings.onBug(error);
      });
    },
    stop: (then) => {
      isServing = false;
      dispatcher.endHolds();
      machine.clock.after(drainMs, () => {
        const callOff = machine.clock.after(letGoMs, dispatcher.letGo);
        const whenServed = (): void => {
          if (open.size > 0) return void machine.clock.after(100, whenServed);
          callOff();
          void dispatcher
            .idle()
            .then(() => Promise.all([poller.stop(), dispatcher.sweeper.stop()]))
            .then(() => {
              machine.die();
              then();
            });
        };
        whenServed();
      });
    },
    crash: () => {
      for (const request of open) if (request.kind === "take" && request.holdMs > 0) leave(request.ticket);
      machine.die();
    },
  };
}

/** Null: a reply that says nothing of the job's life. */
function heardOf({ status, reason, retryAfterSeconds, answer }: ClientReply): Heard | null {
  if (reason === "store_unavailable") return { kind: "away" };
  if (status === 503) return { kind: "wait", retryAfterMs: retryAfterSeconds * 1000 };
  if (status === 200 && answer !== undefined) return { kind: "answer", bytes: answer, runners: runnersOf(answer) };
  return status === 404 ? { kind: "over" } : null;
}

/** Events that are no job's alone and are told in every story. */
const toldOfAll: ReadonlySet<QueueEvent["kind"]> = new Set([
  "interrupted",
  "all_silent",
  "monitor_down",
  "monitor_up",
  "monitor_forgotten",
  "monitor_not_ours",
]);

function writeEvent(event: QueueEvent): string {
  switch (event.kind) {
    case "claimed":
      return `claims, attempt ${event.attempt}: ${event.legs.map(({ monitor, runners }) => `${runners} at ${monitor}`).join(", ")}`;
    case "leg":
      return `leg at ${event.monitor}: ${event.outcome} (${event.detail}) after ${event.tookMs} ms`;
    case "reconciled":
      return `evidence of ${event.monitor}: ${event.verdict}`;
    case "leaked":
      return `leaks ${event.runners.join(" ")}`;
    case "interrupted":
      return `finds that nobody was heard for ${event.silentMs} ms`;
    case "monitor_down":
    case "monitor_up":
      return `${event.kind} ${event.monitor} (${event.why})`;
    case "monitor_forgotten":
    case "monitor_not_ours":
      return `${event.kind} ${event.monitor}`;
    default:
      return event.kind;
  }
}
