// The runners of one simulated monitor and their life: idle -> reserved (labelled by a take) ->
// busy (its job started) -> gone -> starting under a new id -> idle. A reserved runner that no job
// picks up is destroyed and reborn as well.
//
// A profile has a target. A runner is reborn only where that target is not met already, so that
// setTarget and freeOne, by which tests free runners by hand, do not make a fleet that grows
// without end. While the profile's image is rebuilt its target is 0: idle runners go, the others
// work on and are not reborn.
import type { Clock } from "../../src/clock.ts";
import type { Habits } from "./habits-and-faults.ts";

export interface SimulatedRunner {
  id: number;
  profile: string;
  state: "idle" | "reserved" | "busy";
  /** The unique_id it was labelled for. Kept while busy. */
  reservedFor: string | null;
}

/** A runner with what only its JSON shows, and one that is not up yet. */
export interface PooledRunner extends Omit<SimulatedRunner, "state"> {
  state: SimulatedRunner["state"] | "starting";
  uuid: string;
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
  profiles(): ReadonlyMap<string, { target: number; imageAgeMs: number }>;
  /** Labels up to `count` idle runners, oldest first. */
  reserve(profile: string, count: number, reservation: Reservation): PooledRunner[];
  setTarget(profile: string, target: number): void;
  beginImageRebuild(profile: string): void;
  endImageRebuild(profile: string): void;
  addIdle(profile: string): void;
  /** GitHub gives a reserved runner its job. */
  startJob(id: number): void;
  close(): void;
}

export function createRunnerPool(
  habits: () => Habits,
  changed: (change: RunnerChange, runner: PooledRunner) => void,
  clock: Clock,
  newUuid: () => string,
): RunnerPool {
  const runners = new Map<number, PooledRunner>();
  const profiles = new Map<string, Profile>();
  const timers = new Map<number, Set<() => void>>();
  let lastId = 0;
  let isClosed = false;

  function ofProfile(profile: string): PooledRunner[] {
    return [...runners.values()].filter((runner) => runner.profile === profile);
  }

  function idleOf(profile: string): PooledRunner[] {
    return ofProfile(profile).filter((runner) => runner.state === "idle");
  }

  function profileOf(key: string): Profile {
    const known = profiles.get(key) ?? { wanted: 0, isRebuilding: false, imageBuiltAt: clock.date() };
    profiles.set(key, known);
    return known;
  }

  function targetOf(profile: string): number {
    const { wanted, isRebuilding } = profileOf(profile);
    return isRebuilding ? 0 : wanted;
  }

  /** Timers belong to a runner id; those of a runner that is gone die with it. */
  function after(id: number, ms: number, then: () => void): void {
    if (isClosed) return;
    const own = timers.get(id) ?? new Set();
    timers.set(id, own);
    const callOff = clock.after(ms, () => {
      own.delete(callOff);
      then();
    });
    own.add(callOff);
  }

  function forgetTimers(id: number): void {
    for (const callOff of timers.get(id) ?? []) callOff();
    timers.delete(id);
  }

  function create(profile: string): PooledRunner {
    lastId += 1;
    const runner: PooledRunner = {
      id: lastId,
      uuid: newUuid(),
      profile,
      state: "starting",
      reservedFor: null,
      createdAt: clock.date(),
      reservation: null,
    };
    runners.set(runner.id, runner);
    return runner;
  }

  function becomesIdle(runner: PooledRunner): void {
    runner.state = "idle";
    changed("idle", runner);
  }

  function remove(runner: PooledRunner): void {
    forgetTimers(runner.id);
    runners.delete(runner.id);
    changed("gone", runner);
  }

  function goneAndReborn(runner: PooledRunner): void {
    remove(runner);
    if (ofProfile(runner.profile).length < targetOf(runner.profile)) beginLife(runner.profile);
  }

  function beginLife(profile: string): void {
    const born = create(profile);
    after(born.id, habits().rebornAfterMs, function isUp() {
      // The target may be met by now, by runners that a test freed.
      if (ofProfile(born.profile).length <= targetOf(born.profile)) becomesIdle(born);
      else runners.delete(born.id);
    });
  }

  function jobStarts(runner: PooledRunner): void {
    forgetTimers(runner.id);
    runner.state = "busy";
    after(runner.id, habits().busyForMs, () => goneAndReborn(runner));
    changed("busy", runner);
  }

  function meetTarget(profile: string): void {
    const target = targetOf(profile);
    while (ofProfile(profile).length < target) becomesIdle(create(profile));
    const excess = Math.max(0, ofProfile(profile).length - target);
    for (const runner of idleOf(profile).slice(0, excess)) remove(runner);
  }

  return {
    runners: () => [...runners.values()],
    profiles: () =>
      new Map(
        [...profiles].map(([key, { imageBuiltAt }]) => [
          key,
          { target: targetOf(key), imageAgeMs: clock.date() - imageBuiltAt },
        ]),
      ),
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
      profileOf(profile).wanted = target;
      meetTarget(profile);
    },
    beginImageRebuild(profile) {
      const known = profileOf(profile);
      known.isRebuilding = true;
      known.imageBuiltAt = Math.min(known.imageBuiltAt, clock.date() - maxImageAgeMs);
      meetTarget(profile);
    },
    endImageRebuild(profile) {
      const known = profileOf(profile);
      known.isRebuilding = false;
      known.imageBuiltAt = clock.date();
      while (ofProfile(profile).length < targetOf(profile)) beginLife(profile);
    },
    addIdle(profile) {
      profileOf(profile);
      becomesIdle(create(profile));
    },
    startJob(id) {
      const runner = runners.get(id);
      if (runner?.state === "reserved") jobStarts(runner);
    },
    close() {
      isClosed = true;
      for (const id of [...timers.keys()]) forgetTimers(id);
    },
  };
}

interface Profile {
  wanted: number;
  isRebuilding: boolean;
  imageBuiltAt: number;
}

/** An image older than this is rebuilt. */
const maxImageAgeMs = 24 * 3_600_000;
