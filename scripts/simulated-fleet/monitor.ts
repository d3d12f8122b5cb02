// A simulated monitor: the API and habits of a real one over real HTTP on 127.0.0.1, with faults
// that can be set at run time, and what tests want to see of it from within. For tests, the demo
// and `npm run fleet`.
import { randomUUID } from "node:crypto";
import { systemClock } from "../../src/clock.ts";
import { createDrawnDashboard } from "./drawn-dashboard.ts";
import { type Faults, fastHabits, type Habits, noFaults } from "./habits-and-faults.ts";
import { createListener } from "./listener.ts";
import type { MonitorState, TakeSeen } from "./monitor-state.ts";
import { createOneThread } from "./one-thread.ts";
import { route } from "./routes.ts";
import { writeDashboard } from "./runner-json.ts";
import { createRunnerPool, type PooledRunner, type RunnerChange, type SimulatedRunner } from "./runner-pool.ts";

export type { Faults, Habits } from "./habits-and-faults.ts";
export type { TakeSeen } from "./monitor-state.ts";
export type { RunnerChange, SimulatedRunner } from "./runner-pool.ts";

export interface MonitorOptions {
  name: string;
  token: string;
  /** Address to listen on; absent: 127.0.0.1. */
  host?: string;
  /** 0 or absent: any free port. */
  port?: number;
  /** Profile key to target number of runners, all idle at the start. */
  profiles: Record<string, number>;
  habits?: Partial<Habits>;
  faults?: Partial<Faults>;
}

export interface SimulatedMonitor {
  readonly name: string;
  readonly url: string;
  /** Both may be changed at run time, field by field or as a whole. */
  faults: Faults;
  habits: Habits;
  readonly takes: TakeSeen[];
  readonly dashboardsAsked: number;
  readonly overridesAsked: number;
  /** The most takes that were ever received and not yet answered at one time. */
  readonly maxConcurrentTakes: number;
  /** How often it went down by itself and came back. */
  readonly restarts: number;
  /** Those that are up; one that is starting is only in the dashboard. */
  runners(): SimulatedRunner[];
  reservedFor(uniqueId: string): SimulatedRunner[];
  /** Adds idle runners, or removes idle ones. */
  setTarget(profile: string, target: number): void;
  /** The target is shown as 0, and idle runners go, until the rebuild ends; then new ones start. */
  beginImageRebuild(profile: string): void;
  endImageRebuild(profile: string): void;
  /** One more idle runner, now. */
  freeOne(profile: string): void;
  /** Calls back when a take is received, before any work on it. Returns its own end. */
  onTake(listener: (take: TakeSeen) => void): () => void;
  /** Calls back for each runner that a take labels, before its answer. */
  onReserved(listener: (runner: SimulatedRunner, uniqueId: string) => void): () => void;
  /** Calls back for each step in the life of a runner. */
  onRunnerChange(listener: (change: RunnerChange, runner: SimulatedRunner) => void): () => void;
  /**
   * Goes away as seen by callers; runners live on and what the one thread was given is worked on.
   */
  stopListening(): Promise<void>;
  listenAgain(): Promise<void>;
  close(): Promise<void>;
}

/** Rejects where the port is taken. */
export async function startSimulatedMonitor(options: MonitorOptions): Promise<SimulatedMonitor> {
  const takeListeners = new Set<(take: TakeSeen) => void>();
  const reservedListeners = new Set<(runner: SimulatedRunner, uniqueId: string) => void>();
  const changeListeners = new Set<(change: RunnerChange, runner: SimulatedRunner) => void>();
  const laterTimers = new Set<NodeJS.Timeout>();
  let restarts = 0;
  let isStopped = false;
  const habits = () => state.habits;
  const changed = (change: RunnerChange, runner: PooledRunner) => {
    for (const seen of publicViews([runner])) tell(changeListeners, change, seen);
  };
  const pool = createRunnerPool(habits, changed, systemClock, randomUUID);
  const draw = () => writeDashboard(options.name, pool, state.habits.reservationForm);
  const state: MonitorState = {
    name: options.name,
    token: options.token,
    habits: { ...fastHabits, ...options.habits },
    faults: { ...noFaults, ...options.faults },
    pool,
    thread: createOneThread(systemClock, () => state.goDown()),
    dashboard: createDrawnDashboard(systemClock, habits, draw),
    takes: [],
    dashboardsAsked: 0,
    overridesAsked: 0,
    concurrentTakes: 0,
    maxConcurrentTakes: 0,
    tellTake: (take) => tell(takeListeners, take),
    tellReserved(runner, uniqueId) {
      for (const seen of publicViews([runner])) tell(reservedListeners, seen, uniqueId);
    },
    goDown() {
      restarts += 1;
      // Runners live at GitHub and in the hypervisor; all else was in its memory.
      const { restartMs, redrawMs } = state.habits;
      state.thread.startAnew(restartMs + redrawMs);
      void listener.stop();
      state.later(restartMs, () => {
        state.dashboard.throwAway();
        if (!isStopped) void listener.listenAgain();
      });
    },
    later(ms, then) {
      const timer = setTimeout(() => {
        laterTimers.delete(timer);
        then();
      }, ms);
      laterTimers.add(timer);
    },
  };
  for (const [profile, target] of Object.entries(options.profiles)) pool.setTarget(profile, target);
  const listener = await createListener(options.host ?? "127.0.0.1", options.port ?? 0, (request, response) =>
    route(state, request, response),
  );

  return {
    name: options.name,
    url: `http://127.0.0.1:${listener.port()}`,
    get faults() {
      return state.faults;
    },
    set faults(faults) {
      state.faults = faults;
    },
    get habits() {
      return state.habits;
    },
    set habits(changed) {
      state.habits = changed;
    },
    takes: state.takes,
    get dashboardsAsked() {
      return state.dashboardsAsked;
    },
    get overridesAsked() {
      return state.overridesAsked;
    },
    get maxConcurrentTakes() {
      return state.maxConcurrentTakes;
    },
    get restarts() {
      return restarts;
    },
    runners: () => publicViews(pool.runners()),
    reservedFor: (uniqueId) => publicViews(pool.runners().filter((runner) => runner.reservedFor === uniqueId)),
    setTarget: pool.setTarget,
    beginImageRebuild: pool.beginImageRebuild,
    endImageRebuild: pool.endImageRebuild,
    freeOne: pool.addIdle,
    onTake: (told) => subscribe(takeListeners, told),
    onReserved: (told) => subscribe(reservedListeners, told),
    onRunnerChange: (told) => subscribe(changeListeners, told),
    async stopListening() {
      isStopped = true;
      await listener.stop();
    },
    async listenAgain() {
      isStopped = false;
      await listener.listenAgain();
    },
    async close() {
      isStopped = true;
      state.thread.close();
      state.dashboard.close();
      pool.close();
      for (const timer of laterTimers) clearTimeout(timer);
      await listener.stop();
    },
  };
}

function publicViews(runners: readonly PooledRunner[]): SimulatedRunner[] {
  return runners.flatMap(({ id, profile, state, reservedFor }) =>
    state === "starting" ? [] : [{ id, profile, state, reservedFor }],
  );
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell<Args extends unknown[]>(listeners: Set<(...args: Args) => void>, ...args: Args): void {
  for (const listener of [...listeners]) listener(...args);
}
