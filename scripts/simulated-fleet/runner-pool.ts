// The runners of one simulated monitor and their life: idle -> reserved (labelled by a take) -> busy (its job started)
// -> gone -> idle anew under a new id. A reserved runner that no job picks up is destroyed and reborn as well.
//
// A profile has a target. A runner is reborn only where that target is not met already, so that setTarget and freeOne,
// by which tests free runners by hand, do not make a fleet that grows without end.
import type { Habits } from "./habits-and-faults.ts";

export interface SimulatedRunner {
  id: number;
  profile: string;
  state: "idle" | "reserved" | "busy";
  /** The unique_id it was labelled for. Kept while busy. */
  reservedFor: string | null;
}

/** A runner with what only its JSON shows. */
export interface PooledRunner extends SimulatedRunner {
  createdAt: number;
  reservation: Reservation | null;
}

export interface Reservation {
  uniqueId: string;
  qualifiedRepo: string;
  runId: string;
  since: number;
}

export type RunnerChange = "idle" | "reserved" | "busy" | "gone";

export interface RunnerPool {
  runners(): readonly PooledRunner[];
  profiles(): ReadonlyMap<string, number>;
  idleCount(profile: string): number;
  /** Labels up to `count` idle runners, oldest first. */
  reserve(profile: string, count: number, reservation: Reservation): PooledRunner[];
  setTarget(profile: string, target: number): void;
  addIdle(profile: string): void;
  close(): void;
}

export function createRunnerPool(
  habits: () => Habits,
  changed: (change: RunnerChange, runner: PooledRunner) => void,
): RunnerPool {
  const runners = new Map<number, PooledRunner>();
  const targets = new Map<string, number>();
  const rebirths = new Map<string, number>();
  const timers = new Map<number, Set<NodeJS.Timeout>>();
  let lastId = 0;
  let closed = false;

  function ofProfile(profile: string): PooledRunner[] {
    return [...runners.values()].filter((runner) => runner.profile === profile);
  }

  function idleOf(profile: string): PooledRunner[] {
    return ofProfile(profile).filter((runner) => runner.state === "idle");
  }

  /** Timers belong to a runner id; those of a runner that is gone die with it. */
  function after(id: number, ms: number, then: () => void): void {
    if (closed) return;
    const own = timers.get(id) ?? new Set();
    timers.set(id, own);
    const timer = setTimeout(() => {
      own.delete(timer);
      then();
    }, ms);
    own.add(timer);
  }

  function forgetTimers(id: number): void {
    for (const timer of timers.get(id) ?? []) clearTimeout(timer);
    timers.delete(id);
  }

  function addIdle(profile: string): void {
    lastId += 1;
    const runner: PooledRunner = {
      id: lastId,
      profile,
      state: "idle",
      reservedFor: null,
      createdAt: Date.now(),
      reservation: null,
    };
    runners.set(runner.id, runner);
    changed("idle", runner);
  }

  function remove(runner: PooledRunner): void {
    forgetTimers(runner.id);
    runners.delete(runner.id);
    changed("gone", runner);
  }

  function goneAndReborn(runner: PooledRunner): void {
    remove(runner);
    const { id, profile } = runner;
    rebirths.set(profile, (rebirths.get(profile) ?? 0) + 1);
    after(id, habits().rebornAfterMs, function reborn() {
      timers.delete(id);
      rebirths.set(profile, (rebirths.get(profile) ?? 1) - 1);
      if (planned(profile) < (targets.get(profile) ?? 0)) addIdle(profile);
    });
  }

  function planned(profile: string): number {
    return ofProfile(profile).length + (rebirths.get(profile) ?? 0);
  }

  function jobStarts(runner: PooledRunner): void {
    forgetTimers(runner.id);
    runner.state = "busy";
    after(runner.id, habits().busyForMs, () => goneAndReborn(runner));
    changed("busy", runner);
  }

  return {
    runners: () => [...runners.values()],
    profiles: () => targets,
    idleCount: (profile) => idleOf(profile).length,
    reserve(profile, count, reservation) {
      const chosen = idleOf(profile).slice(0, count);
      for (const runner of chosen) {
        runner.state = "reserved";
        runner.reservedFor = reservation.uniqueId;
        runner.reservation = reservation;
        const { startsAfterMs, reservedForMs } = habits();
        after(runner.id, reservedForMs, () => goneAndReborn(runner));
        if (startsAfterMs !== null) after(runner.id, startsAfterMs, () => jobStarts(runner));
        changed("reserved", runner);
      }
      return chosen;
    },
    setTarget(profile, target) {
      targets.set(profile, target);
      while (planned(profile) < target) addIdle(profile);
      const excess = Math.max(0, planned(profile) - target);
      for (const runner of idleOf(profile).slice(0, excess)) remove(runner);
    },
    addIdle(profile) {
      if (!targets.has(profile)) targets.set(profile, 0);
      addIdle(profile);
    },
    close() {
      closed = true;
      for (const id of [...timers.keys()]) forgetTimers(id);
    },
  };
}
