// What the routes of one simulated monitor share.
import type { DrawnDashboard } from "./drawn-dashboard.ts";
import type { Faults, Habits } from "./habits-and-faults.ts";
import type { OneThread } from "./one-thread.ts";
import type { PooledRunner, RunnerPool } from "./runner-pool.ts";

/** A take as it was received. `authorization`: whether it bore the right token. */
export interface TakeSeen {
  at: number;
  profile: string;
  count: number;
  uniqueId: string;
  qualifiedRepo: string;
  runId: string;
  idempotencyKey: string | null;
  takeNotAfter: number | null;
  authorization: boolean;
}

export interface MonitorState {
  name: string;
  token: string;
  habits: Habits;
  faults: Faults;
  pool: RunnerPool;
  thread: OneThread;
  dashboard: DrawnDashboard;
  takes: TakeSeen[];
  dashboardsAsked: number;
  overridesAsked: number;
  concurrentTakes: number;
  maxConcurrentTakes: number;
  tellTake(take: TakeSeen): void;
  tellReserved(runner: PooledRunner, uniqueId: string): void;
  /** Its process ends, and starts anew. */
  goDown(): void;
  /** Runs `then` later, unless the monitor is closed before. */
  later(ms: number, then: () => void): void;
}
