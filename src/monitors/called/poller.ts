// Keeps the fleet's snapshots fresh. Every monitor has its own clock: one that hangs delays nobody
// else. However many instances run, the store lets one of them ask at a time; a monitor that fails
// is asked again after a growing back-off.
import type { Clock } from "../../clock.ts";
import type { MonitorBook } from "../../dispatch/monitor-book.ts";
import type { Observe } from "../../queue/events.ts";
import type { MonitorRecord } from "../../queue/fleet/monitor-record.ts";
import type { ShownRunner } from "../../queue/fleet/monitors.ts";
import { type MonitorClient, newsOf } from "./client.ts";

const maxBackoffMs = 30_000;
/**
 * Where nobody waits, a monitor is asked every so many intervals; its snapshot stays fresh all the
 * same.
 */
const idleIntervals = 5;
const maxIdleMs = 3_000;
/** Between two looks, also at a monitor that pushes without end. */
const minPauseMs = 20;
/**
 * While a monitor draws its dashboard anew after a take it answers 503 at once: it is asked so many
 * times in an interval until it is back.
 */
const redrawAsks = 4;
const minRedrawMs = 50;
/** It takes some seconds; one that says so for longer is not drawing. */
const maxRedrawMs = 10_000;

export interface Poller {
  start(): void;
  stop(): Promise<void>;
  /** The monitor says that something changed, or a take was made there: it is asked at once. */
  noteChange(monitor: string): void;
  /**
   * Somebody waits: monitors that rest are asked at their usual pace again. Cheap where none rests.
   */
  noteWaiting(): void;
  /** Every monitor was asked once by somebody, whatever it answered. */
  isFleetAsked(): boolean;
  /** The same, and at least one has given a dashboard: its targets are worth judging by. */
  isFleetKnown(): boolean;
  /** MONITORS changed: those that were added are asked, those that were removed no more. */
  followMonitors(): void;
}

interface Standing {
  isAsked: boolean;
  hasAnswered: boolean;
  /**
   * it failed to answer: there is nothing to wait for. A monitor that is merely drawing its
   * dashboard anew will answer
   */
  hasFailed: boolean;
  isUp: boolean | null;
  isIdlePolling: boolean;
  /** it answered 503 the last time that it was asked from here, and not for long */
  isRedrawing: boolean;
  /** when it last answered otherwise, on the clock's `now` */
  drawnAt: number;
  /** it said that something changed, and was not asked since */
  isPushed: boolean;
  /** ends the pause before the next look; nothing, where that is over */
  wakeUp: () => void;
  /** it is no part of MONITORS any more */
  readonly removal: AbortController;
}

export function createPoller(
  book: MonitorBook,
  client: MonitorClient,
  settings: { readonly pollIntervalMs: number; readonly pollTimeoutMs: number },
  newId: () => string,
  clock: Clock,
  observe: Observe,
  noteRunners: (monitor: string, runners: readonly ShownRunner[]) => void,
): Poller {
  const standings = new Map<string, Standing>(client.names.map((name) => [name, createStanding(clock.now())]));
  let stopping = new AbortController();
  let isRunning = false;
  const loops = new Set<Promise<void>>();

  const redrawMs = Math.min(settings.pollIntervalMs, Math.max(minRedrawMs, settings.pollIntervalMs / redrawAsks));
  const pace = (isDrawing: boolean, failures: number) => ({
    nextInMs: isDrawing ? redrawMs : backoffMs(settings.pollIntervalMs, failures),
    idleInMs: Math.max(settings.pollIntervalMs, Math.min(idleIntervals * settings.pollIntervalMs, maxIdleMs)),
  });
  /** Returns when it may be asked next, in ms. */
  const askOnce = async (monitor: string, standing: Standing): Promise<number> => {
    const { isPushed } = standing;
    standing.isPushed = false;
    // Long enough for the slowest answer, so that no other instance asks meanwhile.
    const holdMs = settings.pollTimeoutMs + settings.pollIntervalMs + 500;
    const lease = await book.beginPoll(monitor, newId(), holdMs, isPushed);
    // Somebody else asks it, at its pace: their record counts. Where it is ours to ask, an old
    // record says nothing, but none at all says that the store lost it, and knows nothing of the
    // fleet until then.
    if (lease.kind === "skip" || lease.record.askedAt === 0) noteStanding(standing, lease.record);
    standing.isIdlePolling = lease.kind === "skip" && lease.record.isIdlePolling;
    if (lease.kind === "skip") {
      // somebody has just asked it: again in a moment. One that fails is asked when its time has
      // come
      standing.isPushed ||= isPushed && lease.record.failures === 0;
      return Math.min(lease.waitMs, settings.pollIntervalMs);
    }
    const begunAt = clock.now();
    const read = await client.readDashboard(monitor);
    const failures = read.kind === "failed" ? lease.record.failures + 1 : 0;
    const news = newsOf(read);
    if (read.kind === "dashboard") noteRunners(monitor, read.dashboard.runners);
    if (news.kind !== "redrawing") standing.drawnAt = clock.now();
    standing.isRedrawing = news.kind === "redrawing" && clock.now() - standing.drawnAt < maxRedrawMs;
    observe({ kind: "monitor_polled", monitor, outcome: news.kind, tookMs: clock.now() - begunAt });
    const { nextInMs, idleInMs } = pace(standing.isRedrawing, failures);
    const record = await book.finishPoll(monitor, lease.askedAt, news, { nextInMs, idleInMs });
    standing.isIdlePolling = record.isIdlePolling;
    noteStanding(standing, record);
    const isUp = read.kind !== "failed";
    if (isUp !== standing.isUp) {
      standing.isUp = isUp;
      observe({
        kind: isUp ? "monitor_up" : "monitor_down",
        monitor,
        url: client.urlOf(monitor),
        why: read.kind === "failed" ? read.why : read.kind,
      });
    }
    return standing.isIdlePolling ? idleInMs : nextInMs;
  };
  const run = async (monitor: string, standing: Standing, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      let nextInMs = settings.pollIntervalMs;
      try {
        nextInMs = await askOnce(monitor, standing);
      } catch (error) {
        standing.hasAnswered = false;
        standing.hasFailed = false;
        observe({ kind: "trouble", where: "poller", error });
      }
      await pause(standing.isPushed ? minPauseMs : Math.max(minPauseMs, nextInMs), standing, signal);
    }
  };

  const startAsking = (monitor: string, standing: Standing): void => {
    const loop = run(monitor, standing, AbortSignal.any([stopping.signal, standing.removal.signal]));
    loops.add(loop);
    void loop.finally(() => loops.delete(loop));
  };
  /** Ends early when the monitor pushes, or all stops. */
  const pause = (ms: number, standing: Standing, stop: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (stop.aborted) return resolve();
      const callOff = clock.after(ms, end);
      if (ms > minPauseMs) standing.wakeUp = end;
      stop.addEventListener("abort", end);
      function end() {
        callOff();
        stop.removeEventListener("abort", end);
        resolve();
      }
    });

  return {
    noteChange: (monitor) => {
      const standing = standings.get(monitor);
      if (standing === undefined) return;
      standing.isPushed = true;
      standing.wakeUp();
    },
    noteWaiting: () => {
      for (const [monitor, standing] of standings) {
        if (!standing.isIdlePolling) continue;
        standing.isIdlePolling = false;
        book.endIdlePolling(monitor, settings.pollIntervalMs).then(standing.wakeUp, () => {});
      }
    },
    start: () => {
      stopping = new AbortController();
      // whatever was known is from before a rest
      for (const standing of standings.values())
        Object.assign(standing, { isAsked: false, hasAnswered: false, hasFailed: false });
      isRunning = true;
      for (const [monitor, standing] of standings) startAsking(monitor, standing);
    },
    stop: async () => {
      isRunning = false;
      stopping.abort();
      await Promise.all(loops);
    },
    followMonitors: () => {
      for (const [monitor, standing] of standings) {
        if (client.knows(monitor)) continue;
        standings.delete(monitor);
        standing.removal.abort();
      }
      for (const monitor of client.names.filter((name) => !standings.has(name))) {
        // We are ready as we were: a host that joins makes nobody wait.
        const standing = { ...createStanding(clock.now()), isAsked: true };
        standings.set(monitor, standing);
        if (isRunning) startAsking(monitor, standing);
      }
    },
    isFleetAsked: () => [...standings.values()].every(({ isAsked }) => isAsked),
    isFleetKnown: () => {
      const all = [...standings.values()];
      return all.every((one) => one.hasAnswered || one.hasFailed) && all.some((one) => one.hasAnswered);
    },
  };
}

function createStanding(now: number): Standing {
  return {
    isAsked: false,
    hasAnswered: false,
    hasFailed: false,
    isUp: null,
    isIdlePolling: false,
    isRedrawing: false,
    drawnAt: now,
    isPushed: false,
    wakeUp: () => {},
    removal: new AbortController(),
  };
}

function noteStanding(standing: Standing, record: MonitorRecord): void {
  standing.isAsked ||= record.askedAt > 0;
  standing.hasAnswered = record.answeredAt > 0;
  standing.hasFailed = record.failures > 0;
}

/** When to ask next: at the usual interval, doubling with every failure in a row. */
export function backoffMs(intervalMs: number, failures: number): number {
  return failures === 0
    ? intervalMs
    : Math.max(intervalMs, Math.min(maxBackoffMs, intervalMs * 2 ** Math.min(failures, 10)));
}
