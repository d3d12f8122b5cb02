// Puts the parts together: the only file, beside the entries, that knows every folder.

import type { Hono } from "hono";
import { nanoid } from "nanoid";
import { createBearerCheck } from "./auth/bearer.ts";
import { createTickets } from "./auth/ticket.ts";
import type { Config } from "./config.ts";
import { createApp } from "./http/app.ts";
import { createMonitorClient } from "./monitors/client.ts";
import { createPoller } from "./monitors/poller.ts";
import { createDispatcher } from "./queue/dispatcher.ts";
import type { Observe, Store } from "./queue/ports.ts";
import type { QueueSettings } from "./queue/settings.ts";
import { createSweeper } from "./sweeper.ts";

export interface Service {
  readonly app: Hono;
  /** Starts asking monitors and sweeping. */
  start(): void;
  /** From now on /readyz says no. */
  drain(): void;
  /** Answers the requests that wait for a claim; the claims go on. */
  letGo(): void;
  /** Waits for the legs under way, then stops everything and closes the store. */
  stop(): Promise<void>;
}

export async function composeService(
  config: Config,
  store: Store,
  observe: Observe,
  version: string,
): Promise<Service> {
  const settings = queueSettingsOf(config);
  const client = createMonitorClient({
    monitors: config.MONITORS,
    apiToken: config.MONITOR_API_TOKEN ?? config.API_TOKENS[0] ?? "",
    takeTimeoutMs: config.MONITOR_TAKE_TIMEOUT,
    pollTimeoutMs: config.MONITOR_POLL_TIMEOUT,
    pollIntervalMs: config.MONITOR_POLL_INTERVAL,
  });
  const polling = { pollIntervalMs: config.MONITOR_POLL_INTERVAL, pollTimeoutMs: config.MONITOR_POLL_TIMEOUT };
  const poller = createPoller(store, client, polling, nanoid, observe);
  const dispatcher = createDispatcher(
    store,
    client,
    { ...settings, takeTimeoutMs: config.MONITOR_TAKE_TIMEOUT },
    nanoid(12),
    observe,
  );
  const sweeper = createSweeper(store, dispatcher, observe);
  let isDraining = false;
  const app = createApp({
    store,
    dispatcher,
    tickets: await createTickets(config.API_TOKENS),
    callers: await createBearerCheck(config.API_TOKENS),
    operators: await createBearerCheck(config.OPERATOR_TOKENS ?? config.API_TOKENS),
    maxRunnerCount: config.MAX_RUNNER_COUNT,
    isFleetKnown: poller.isFleetKnown,
    isFleetAsked: poller.isFleetAsked,
    isDraining: () => isDraining,
    version,
    observe,
  });
  return {
    app,
    start: () => {
      poller.start();
      sweeper.start();
    },
    drain: () => {
      isDraining = true;
    },
    letGo: dispatcher.letGo,
    stop: async () => {
      await dispatcher.idle();
      await Promise.all([poller.stop(), sweeper.stop()]);
      await store.close();
    },
  };
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
    monitorMaxInflight: config.MONITOR_MAX_INFLIGHT,
    maxAttempts: config.MAX_ATTEMPTS,
    maxQueueDepth: config.MAX_QUEUE_DEPTH ?? null,
    snapshotFreshMs: Math.max(shortestFreshMs, 5 * config.MONITOR_POLL_INTERVAL),
  };
}
