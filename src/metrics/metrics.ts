// Metrics for Prometheus: what happens is counted in this process, how the line and the fleet stand
// is read from the store when somebody asks. Each service has a registry of its own, so that
// nothing is shared by accident. docs/operations.md explains every metric (checked).
import { Gauge, Registry } from "prom-client";
import type { Administration } from "../dispatch/administration.ts";
import type { RoundNote } from "../dispatch/running/operation-runner.ts";
import type { Observe } from "../queue/events.ts";
import type { QueueSettings } from "../queue/settings.ts";
import type { Store } from "../queue/store.ts";
import { createAnswerMetrics } from "./answer-metrics.ts";
import { createEventMetrics } from "./event-metrics.ts";
import { createHttpMetrics, type HttpCounts } from "./http-metrics.ts";
import { createKnownLabels, mostProfiles } from "./known-labels.ts";
import { attachProcessMetrics, type ProcessUsage } from "./process-metrics.ts";
import { createStandingMetrics } from "./standing-metrics.ts";
import { createStoreMetrics } from "./store-metrics.ts";

export interface Metrics {
  /** Counts what happens; every event of the queue goes through it. */
  readonly observe: Observe;
  /** The same store, with the time and the failures of each command counted. */
  instrument(store: Store): Store;
  /** How a round of operations went. */
  readonly noteRound: (round: RoundNote) => void;
  /** What cannot be counted but has to be looked at when asked: given once all parts are there. */
  attach(parts: {
    readonly administration: Administration;
    readonly tally: HttpCounts;
    /** requests that are held now */
    readonly held: () => number;
    readonly monitors: () => readonly string[];
    readonly settings: QueueSettings;
    readonly version: string;
    readonly usage?: (() => ProcessUsage) | undefined;
  }): void;
  /** How the last reload of the settings went. */
  noteReload(isDone: boolean): void;
  /** A monitor that was added since: it is told apart from now on. */
  noteMonitor(name: string): void;
  /**
   * The exposition text (version 0.0.4), and its content type. Never throws: a store that is away
   * leaves its figures out.
   */
  expose(): Promise<{ readonly text: string; readonly contentType: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const profiles = createKnownLabels(mostProfiles);
  const monitors = createKnownLabels(Number.POSITIVE_INFINITY);
  const standing = createStandingMetrics(registry, profiles);
  const events = createEventMetrics(registry, profiles, monitors);
  const answers = createAnswerMetrics(registry, profiles, monitors);
  const commands = createStoreMetrics(registry);
  const http = createHttpMetrics(registry);
  const buildInfo = new Gauge({
    name: "runner_queue_build_info",
    help: "Which version this instance is; always 1",
    labelNames: ["version"],
    registers: [registry],
  });
  const reloadFailed = new Gauge({
    name: "runner_queue_settings_reload_failed",
    help: "1 where the last reload of the settings changed nothing, for something is wrong in them",
    registers: [registry],
  });
  return {
    observe: (event) => {
      events.observe(event);
      answers.observe(event);
    },
    instrument: commands.instrument,
    noteRound: commands.noteRound,
    attach: (parts) => {
      for (const name of parts.monitors()) monitors.admit(name);
      buildInfo.set({ version: parts.version }, 1);
      standing.attach(parts);
      http.attach(parts.tally, parts.held);
      if (parts.usage !== undefined) attachProcessMetrics(registry, parts.usage);
    },
    noteReload: (isDone) => reloadFailed.set(isDone ? 0 : 1),
    noteMonitor: (name) => void monitors.admit(name),
    expose: async () => {
      await standing.refresh();
      http.refresh();
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}
