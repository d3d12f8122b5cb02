// Puts the parts together: the only file, beside the entries, that knows every folder.

import type { Context, Hono } from "hono";
import { nanoid } from "nanoid";
import type { ApiToken } from "./auth/api-token.ts";
import { type CredentialSettings, createCredentials } from "./auth/credentials.ts";
import { type Clock, systemClock } from "./clock.ts";
import { isGithubConnected, queueSettingsOf } from "./config/queue-settings.ts";
import type { Reloadable } from "./config/reload.ts";
import type { Config } from "./config.ts";
import { createAdministration } from "./dispatch/administration.ts";
import { createDispatcher, type Dispatcher } from "./dispatch/dispatcher.ts";
import type { RoundNote } from "./dispatch/running/operation-runner.ts";
import { connectGithub } from "./github/connection.ts";
import { createOidcCheck } from "./github/oidc.ts";
import { createSignatureCheck } from "./github/webhook.ts";
import { createApp } from "./http/app.ts";
import type { Polls } from "./http/polls/polls.ts";
import { createTally } from "./http/tally.ts";
import { createMetrics } from "./metrics/metrics.ts";
import type { ProcessUsage } from "./metrics/process-metrics.ts";
import { createMonitorClient, type MonitorClient } from "./monitors/called/client.ts";
import { createPoller, type Poller } from "./monitors/called/poller.ts";
import type { MonitorTransport } from "./monitors/called/transport.ts";
import { createPullingDesk, type PullingDesk } from "./monitors/pulling/desk.ts";
import { createFetch } from "./monitors/pulling/fetch.ts";
import { createFetchRoom, type FetchRoom } from "./monitors/pulling/fetch-room.ts";
import { createLegCalls } from "./monitors/pulling/leg-calls.ts";
import { createNotePulledNews } from "./monitors/pulling/pulled-news.ts";
import type { Observe, QueueEvent } from "./queue/events.ts";
import type { GithubRuns } from "./queue/github-runs.ts";
import type { Policy } from "./queue/policy/policy.ts";
import type { Store } from "./queue/store.ts";
import { createTracing } from "./tracing/tracing.ts";

export interface Service extends Reloadable {
  readonly app: Hono;
  readonly polls: Polls;
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
  /** The take that was held longest is answered now: its connection's place is needed. */
  callOffHold(): void;
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
  /** What the process uses; absent: it has none of its own to tell of. */
  readonly usage?: () => ProcessUsage;
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
  /** names of the monitors that fetch their takes; a reload changes them */
  readonly fetching: { names: readonly string[] };
  readonly fetchRoom: FetchRoom;
  readonly pulling: PullingDesk;
  readonly dispatcher: Dispatcher;
  readonly poller: Poller;
}

/**
 * What acts: it asks monitors, serves takes and sweeps. A simulation runs it in surroundings of its
 * own.
 */
export function composeQueue(
  config: Config,
  outside: {
    readonly store: Store;
    readonly transport: MonitorTransport;
    readonly observe: Observe;
    readonly githubRuns?: GithubRuns | undefined;
    readonly noteRound?: (round: RoundNote) => void;
    readonly policy: () => Policy | undefined;
  },
  surroundings: Surroundings,
): Queue {
  const { clock, newId } = surroundings;
  const { transport, observe, ...rest } = outside;
  const polling = { pollIntervalMs: config.MONITOR_POLL_INTERVAL, pollTimeoutMs: config.MONITOR_POLL_TIMEOUT };
  const takeTimeoutMs = config.MONITOR_TAKE_TIMEOUT;
  const client = createMonitorClient({ ...monitorDirectoryOf(config), takeTimeoutMs, ...polling }, transport, clock);
  const fetching = { names: fetchingMonitorsOf(config) };
  const settings = queueSettingsOf(config);
  const dispatcher = createDispatcher({
    ...surroundings,
    ...rest,
    monitors: client,
    fetching,
    settings: { ...settings, takeTimeoutMs },
    owner: newId(),
    observe,
    fleetNews: {
      noteWaiting: () => poller.noteWaiting(),
      noteChange: (monitor) => poller.noteChange(monitor),
    },
  });
  const poller = createPoller(dispatcher.monitorBook, client, polling, newId, clock, observe, dispatcher.noteRunners);
  const { pullBook: book, runner, room, endingHolds, noteRunners } = dispatcher;
  const fetchRoom = createFetchRoom(room, endingHolds);
  const noteNews = createNotePulledNews(observe, clock);
  const pulled = { book, runner, room: fetchRoom, noteNews, noteRunners };
  const fetch = createFetch({ ...pulled, settings, clock, newId, observe });
  const pulling = createPullingDesk(fetch, createLegCalls(book, runner, noteNews));
  return { client, fetching, fetchRoom, pulling, dispatcher, poller };
}

/** Monitors that fetch their takes. */
function fetchingMonitorsOf(config: Config): readonly string[] {
  return config.MONITORS.filter(({ url }) => url === null).map(({ name }) => name);
}

/** A reload changes what is read from `current`, and nothing that is read from `config`. */
export async function composeService(
  config: Config,
  bareStore: Store,
  log: Observe,
  version: string,
  { peerOf, transport, usage }: Platform,
): Promise<Service> {
  let current = config;
  const settings = queueSettingsOf(config);
  const metrics = createMetrics();
  const store = metrics.instrument(bareStore);
  const tracing = createTracing(config.OTEL_EXPORTER_OTLP_ENDPOINT ?? null, version, note);
  const observe: Observe = tracing === null ? note : noteAndTrace;
  function note(event: QueueEvent): void {
    metrics.observe(event);
    log(event);
  }
  function noteAndTrace(event: QueueEvent): void {
    note(event);
    tracing?.observe(event);
  }
  const { noteRound } = metrics;
  const github = await connectGithub(config, () => current.GITHUB_TOKEN ?? null, observe);
  const { client, fetching, fetchRoom, pulling, dispatcher, poller } = composeQueue(
    config,
    { store, transport, observe, noteRound, githubRuns: github.runs, policy: () => current.POLICY },
    ownSurroundings,
  );
  const { sweeper } = dispatcher;
  const monitors = () => [...client.names, ...fetching.names];
  const administration = createAdministration(store, dispatcher, monitors, observe);
  const credentials = await createCredentials(credentialSettingsOf(config));
  let signatures = await createSignatureCheck(config.GITHUB_WEBHOOK_SECRETS ?? []);
  let isDraining = false;
  const tally = createTally();
  metrics.attach({ administration, tally, held: dispatcher.heldRequests, monitors, settings, version, usage });
  const { hono, polls } = createApp({
    administration,
    dispatcher,
    ...credentials,
    noteChange: poller.noteChange,
    pulling,
    fetchingMonitors: () => fetching.names,
    oidc: config.OIDC_AUDIENCE === undefined ? null : createOidcCheck(config.OIDC_ISSUER, config.OIDC_AUDIENCE),
    artifacts: github.artifacts,
    allowedRepos: config.ALLOWED_REPOS,
    policy: () => current.POLICY,
    hearsGithub: isGithubConnected(config),
    isTraced: tracing !== null,
    signatures:
      config.GITHUB_WEBHOOK_SECRETS === undefined
        ? null
        : { isGenuine: (body, signature) => signatures.isGenuine(body, signature) },
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
    monitors,
    githubUrl: webUrlOf(config.GITHUB_API_URL),
    storeKind: config.REDIS_URL === undefined ? "embedded" : "redis",
  });
  return {
    app: hono,
    polls,
    start: () => {
      poller.start();
      sweeper.start();
    },
    rest: () => {
      void Promise.all([poller.stop(), sweeper.stop()]);
    },
    isBusy: () => dispatcher.isBusy() || dispatcher.heldRequests() > 0 || fetchRoom.count() > 0,
    fleetAsked: async (withinMs) => {
      const until = performance.now() + withinMs;
      while (!poller.isFleetAsked() && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, 20));
    },
    sweep: sweeper.sweepOnce,
    callOffHold: () => {
      if (dispatcher.heldRequests() > 0) dispatcher.callOffHold();
      else fetchRoom.callOff();
    },
    drain: () => {
      isDraining = true;
      dispatcher.endHolds();
    },
    letGo: dispatcher.letGo,
    reload: async (fresh) => {
      if ((fresh.GITHUB_WEBHOOK_SECRETS === undefined) !== (config.GITHUB_WEBHOOK_SECRETS === undefined))
        return ["GITHUB_WEBHOOK_SECRETS: a restart turns the webhook on or off; a reload changes its secrets only"];
      // What can fail comes first: nothing is taken over by halves.
      signatures = await createSignatureCheck(fresh.GITHUB_WEBHOOK_SECRETS ?? []);
      await credentials.replace(credentialSettingsOf(fresh));
      current = fresh;
      client.replace(monitorDirectoryOf(fresh));
      fetching.names = fetchingMonitorsOf(fresh);
      for (const name of monitors()) metrics.noteMonitor(name);
      poller.followMonitors();
      return [];
    },
    noteReload: metrics.noteReload,
    stop: async () => {
      dispatcher.letGo();
      await dispatcher.idle();
      await Promise.all([poller.stop(), sweeper.stop()]);
      await tracing?.finish();
      await store.close();
    },
  };
}

function credentialSettingsOf(config: Config): CredentialSettings {
  const unbound = config.API_TOKENS.map((token): ApiToken => ({ token, scope: null }));
  return {
    apiTokens: [...unbound, ...config.SCOPED_API_TOKENS],
    operatorTokens: config.OPERATOR_TOKENS ?? config.API_TOKENS,
    monitorToken: monitorTokenOf(config),
    monitorTokens: config.MONITOR_TOKENS,
    dashboardToken: config.DASHBOARD_TOKEN,
    ticketKeys: config.TICKET_KEYS,
  };
}

function monitorDirectoryOf(config: Config) {
  const monitors = config.MONITORS.flatMap(({ name, url }) => (url === null ? [] : [{ name, url }]));
  return { monitors, apiToken: monitorTokenOf(config), tokens: config.MONITOR_TOKENS };
}

function monitorTokenOf(config: Config): string {
  return config.MONITOR_API_TOKEN ?? config.API_TOKENS[0] ?? "";
}

/**
 * Where people look at what the API at `apiUrl` is about: GitHub Enterprise Server has its API
 * below /api/v3 of the same host.
 */
function webUrlOf(apiUrl: string): string {
  return apiUrl === "https://api.github.com" ? "https://github.com" : new URL(apiUrl).origin;
}
