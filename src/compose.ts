// Puts the parts together: the only file, beside the entries, that knows every folder.

import type { Context, Hono } from "hono";
import { nanoid } from "nanoid";
import { type ApiToken, createApiTokenCheck, ticketSecretsOf } from "./auth/api-token.ts";
import { createBearerCheck } from "./auth/bearer.ts";
import { createTickets } from "./auth/ticket.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { createAdministration } from "./dispatch/administration.ts";
import { createDispatcher, type Dispatcher } from "./dispatch/dispatcher.ts";
import type { RoundNote } from "./dispatch/running/operation-runner.ts";
import { createArtifactCheck } from "./github/artifact-check.ts";
import { createGithubApi } from "./github/github-api.ts";
import { createGithubClient } from "./github/github-client.ts";
import { createAppCredentials, createTokenCredentials } from "./github/github-credentials.ts";
import { createOidcCheck } from "./github/oidc.ts";
import { loadSoleFile } from "./github/sole-file.ts";
import { createApp } from "./http/app.ts";
import { createTally } from "./http/tally.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { createMonitorClient, type MonitorClient } from "./monitors/called/client.ts";
import { createPoller, type Poller } from "./monitors/called/poller.ts";
import type { MonitorTransport } from "./monitors/called/transport.ts";
import type { Observe } from "./queue/events.ts";
import type { QueueSettings } from "./queue/settings.ts";
import type { Store } from "./queue/store.ts";

export interface Service {
  readonly app: Hono;
  /** Starts asking monitors and sweeping; also again after a rest. */
  start(): void;
  /** Stops both for a while. */
  rest(): void;
  /** Whether a take is under way, or somebody is held. */
  isBusy(): boolean;
  /** Resolves when every monitor was asked once, or after so long. */
  fleetAsked(withinMs: number): Promise<void>;
  /** Lets time do its work once. */
  sweep(): Promise<void>;
  /** From now on /readyz says no. */
  drain(): void;
  /** Answers the requests that wait for a claim; the claims go on. */
  letGo(): void;
  /** Waits for the legs under way, then stops everything and closes the store. */
  stop(): Promise<void>;
}

/** What each runtime has its own way to do. */
export interface Platform {
  /** The other end's address. */
  readonly peerOf: (c: Context) => string | undefined;
  readonly transport: MonitorTransport;
}

/** What makes two runs of a process differ: its time, and what it makes by chance. */
export interface Surroundings {
  readonly clock: Clock;
  /** a text that nobody makes twice */
  readonly newId: () => string;
  /** from 0 up to 1 */
  readonly random: () => number;
}

const ownSurroundings: Surroundings = { clock: systemClock, newId: nanoid, random: Math.random };

export interface Queue {
  readonly client: MonitorClient;
  readonly dispatcher: Dispatcher;
  readonly poller: Poller;
}

/** What acts: it asks monitors, serves takes and sweeps. A simulation runs it in surroundings of its own. */
export function composeQueue(
  config: Config,
  outside: {
    readonly store: Store;
    readonly transport: MonitorTransport;
    readonly observe: Observe;
    readonly noteRound?: (round: RoundNote) => void;
  },
  surroundings: Surroundings,
): Queue {
  const { clock, newId } = surroundings;
  const { transport, observe, ...rest } = outside;
  const polling = { pollIntervalMs: config.MONITOR_POLL_INTERVAL, pollTimeoutMs: config.MONITOR_POLL_TIMEOUT };
  const takeTimeoutMs = config.MONITOR_TAKE_TIMEOUT;
  const apiToken = config.MONITOR_API_TOKEN ?? config.API_TOKENS[0] ?? "";
  const client = createMonitorClient(
    { monitors: config.MONITORS, apiToken, takeTimeoutMs, ...polling },
    transport,
    clock,
  );
  const dispatcher = createDispatcher({
    ...surroundings,
    ...rest,
    monitors: client,
    settings: { ...queueSettingsOf(config), takeTimeoutMs },
    owner: newId(),
    observe,
    fleetNews: {
      noteWaiting: () => poller.noteWaiting(),
      noteChange: (monitor) => poller.noteChange(monitor),
    },
  });
  const poller = createPoller(dispatcher.monitorBook, client, polling, newId, clock, observe);
  return { client, dispatcher, poller };
}

export async function composeService(
  config: Config,
  bareStore: Store,
  log: Observe,
  version: string,
  { peerOf, transport }: Platform,
): Promise<Service> {
  const settings = queueSettingsOf(config);
  const metrics = createMetrics();
  const store = metrics.instrument(bareStore);
  const observe: Observe = (event) => {
    metrics.observe(event);
    log(event);
  };
  const { noteRound } = metrics;
  const { client, dispatcher, poller } = composeQueue(
    config,
    { store, transport, observe, noteRound },
    ownSurroundings,
  );
  const { sweeper } = dispatcher;
  const administration = createAdministration(store, dispatcher, observe);
  let isDraining = false;
  const tally = createTally();
  metrics.attach({ administration, tally, held: dispatcher.heldRequests, monitors: client.names, settings });
  const app = createApp({
    administration,
    dispatcher,
    ...(await composeAuth(config)),
    monitorCallers: await createBearerCheck([config.MONITOR_API_TOKEN ?? config.API_TOKENS[0] ?? ""]),
    noteChange: poller.noteChange,
    oidc: config.OIDC_AUDIENCE === undefined ? null : createOidcCheck(config.OIDC_ISSUER, config.OIDC_AUDIENCE),
    artifacts: await composeArtifactCheck(config, observe),
    allowedRepos: config.ALLOWED_REPOS,
    peerOf,
    trustedProxies: config.TRUSTED_PROXIES,
    maxWaitMs: config.MAX_WAIT,
    maxRunnerCount: config.MAX_RUNNER_COUNT,
    isFleetAsked: poller.isFleetAsked,
    isDraining: () => isDraining,
    version,
    basePath: config.BASE_PATH,
    observe,
    tally,
    metrics: metrics.expose,
    settings,
    monitors: client.names,
    githubUrl: webUrlOf(config.GITHUB_API_URL),
    storeKind: config.REDIS_URL === undefined ? "embedded" : "redis",
    viewers: config.DASHBOARD_TOKEN === undefined ? null : await createBearerCheck([config.DASHBOARD_TOKEN]),
  });
  return {
    app,
    start: () => {
      poller.start();
      sweeper.start();
    },
    rest: () => {
      void Promise.all([poller.stop(), sweeper.stop()]);
    },
    isBusy: () => dispatcher.isBusy() || dispatcher.heldRequests() > 0,
    fleetAsked: async (withinMs) => {
      const until = performance.now() + withinMs;
      while (!poller.isFleetAsked() && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, 20));
    },
    sweep: sweeper.sweepOnce,
    drain: () => {
      isDraining = true;
      dispatcher.endHolds();
    },
    letGo: dispatcher.letGo,
    stop: async () => {
      await dispatcher.idle();
      await Promise.all([poller.stop(), sweeper.stop()]);
      await store.close();
    },
  };
}

/** Who is who, by what they send. */
async function composeAuth(config: Config) {
  const unbound = config.API_TOKENS.map((token): ApiToken => ({ token, scope: null }));
  const apiTokens = [...unbound, ...config.SCOPED_API_TOKENS];
  const operators = config.OPERATOR_TOKENS ?? config.API_TOKENS;
  return {
    tickets: await createTickets(ticketSecretsOf(config.TICKET_KEYS, apiTokens)),
    apiTokens: await createApiTokenCheck(apiTokens),
    operators: await createBearerCheck(
      operators,
      apiTokens.map(({ token }) => token),
    ),
  };
}

/** Where people look at what the API at `apiUrl` is about: GitHub Enterprise Server has its API below /api/v3 of the same host. */
function webUrlOf(apiUrl: string): string {
  return apiUrl === "https://api.github.com" ? "https://github.com" : new URL(apiUrl).origin;
}

async function composeArtifactCheck(config: Config, observe: Observe) {
  const { GITHUB_API_URL: url, GITHUB_TOKEN, GITHUB_APP_ID: id, GITHUB_APP_PRIVATE_KEY: privateKey } = config;
  const api = createGithubApi(url, observe, Date.now);
  const credentials =
    id === undefined || privateKey === undefined
      ? createTokenCredentials(GITHUB_TOKEN ?? null)
      : await createAppCredentials({ id, privateKey }, api, observe, Date.now);
  const settings = { artifactPrefix: config.ARTIFACT_PREFIX, artifactMaxAgeMs: config.ARTIFACT_MAX_AGE };
  const client = createGithubClient(url, api, credentials, observe, Date.now);
  return createArtifactCheck(settings, client, loadSoleFile, observe, Date.now);
}

/** A snapshot counts as capacity for this long, or for five intervals where those are longer: a monitor redraws for some seconds after a take. */
const shortestFreshMs = 10_000;

export function queueSettingsOf(config: Config): QueueSettings {
  return {
    abandonAfterMs: config.ABANDON_AFTER,
    retryAfterMs: config.RETRY_AFTER,
    presenceGraceMs: config.PRESENCE_GRACE,
    touchIntervalMs: Math.min(config.TOUCH_INTERVAL, Math.floor(config.ABANDON_AFTER / 6)),
    answerTtlMs: config.ANSWER_TTL,
    tombstoneTtlMs: config.TOMBSTONE_TTL,
    ticketMaxAgeMs: config.TICKET_MAX_AGE,
    monitorSettleMs: config.MONITOR_SETTLE,
    unknownHoldMs: config.UNKNOWN_HOLD,
    holdTimeoutMs: config.HOLD_TIMEOUT,
    monitorReserveTimeoutMs: config.MONITOR_RESERVE_TIMEOUT,
    monitorMaxInflight: config.MONITOR_MAX_INFLIGHT,
    maxAttempts: config.MAX_ATTEMPTS,
    maxQueueDepth: config.MAX_QUEUE_DEPTH ?? null,
    snapshotFreshMs: Math.max(shortestFreshMs, 5 * config.MONITOR_POLL_INTERVAL),
  };
}
