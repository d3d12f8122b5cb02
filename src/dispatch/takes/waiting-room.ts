// Where held requests of this process wait. A waiter enters before it polls, so that a wake between
// its poll and its wait is not lost, and leaves without a trace: no timer, no listener, no entry
// stays. Wakes are hints: whoever is woken polls again.

import type { Clock } from "../../clock.ts";

export type WaitEnd = "woken" | "time_up" | "gone";

export interface Waiter {
  /** Forgets wakes so far: whatever follows is news. */
  reset(): void;
  /**
   * Resolves when somebody wakes this job, when the time (on the clock's `now`) is up, or when one
   * of `leave` aborts.
   */
  until(time: number, leave: readonly AbortSignal[]): Promise<WaitEnd>;
  wake(): void;
  leave(): void;
}

interface Entry {
  isWoken: boolean;
  wake: (() => void) | null;
}

export interface WaitingRoom {
  enter(profileKey: string, uniqueId: string): Waiter;
  /** Waits for nothing but its time and whoever leaves. */
  rest(time: number, leave: readonly AbortSignal[]): Promise<WaitEnd>;
  /** Wakes the waiters of these jobs; null: of all jobs of the profile. */
  wake(profileKey: string, uniqueIds: readonly string[] | null): void;
  /** Profiles that somebody waits for here. */
  profiles(): readonly string[];
  readonly size: number;
}

/**
 * @param onChange called with a profile when its first waiter enters and when its last one leaves
 */
export function createWaitingRoom(
  clock: Clock,
  onChange: (profileKey: string, isAwaited: boolean) => void = () => {},
): WaitingRoom {
  const rooms = new Map<string, Map<string, Set<Entry>>>();
  let size = 0;

  const wakeEntries = (entries: Iterable<Entry>): void => {
    for (const entry of entries) {
      entry.isWoken = true;
      entry.wake?.();
    }
  };

  return {
    enter: (profileKey, uniqueId) => {
      const room = rooms.get(profileKey) ?? new Map<string, Set<Entry>>();
      if (room.size === 0) {
        rooms.set(profileKey, room);
        onChange(profileKey, true);
      }
      const entries = room.get(uniqueId) ?? new Set<Entry>();
      room.set(uniqueId, entries);
      const entry: Entry = { isWoken: false, wake: null };
      entries.add(entry);
      size += 1;
      return {
        reset: () => {
          entry.isWoken = false;
        },
        until: (time, leave) => waitUntil(clock, entry, time, leave),
        wake: () => wakeEntries([entry]),
        leave: () => {
          if (!entries.delete(entry)) return;
          size -= 1;
          if (entries.size > 0) return;
          room.delete(uniqueId);
          if (room.size > 0 || rooms.get(profileKey) !== room) return;
          rooms.delete(profileKey);
          onChange(profileKey, false);
        },
      };
    },
    rest: (time, leave) => waitUntil(clock, { isWoken: false, wake: null }, time, leave),
    wake: (profileKey, uniqueIds) => {
      const room = rooms.get(profileKey);
      if (room === undefined) return;
      if (uniqueIds === null) for (const entries of [...room.values()]) wakeEntries(entries);
      else for (const uniqueId of uniqueIds) wakeEntries(room.get(uniqueId) ?? []);
    },
    profiles: () => [...rooms.keys()],
    get size() {
      return size;
    },
  };
}

function waitUntil(clock: Clock, entry: Entry, time: number, leave: readonly AbortSignal[]): Promise<WaitEnd> {
  if (leave.some((signal) => signal.aborted)) return Promise.resolve("gone");
  if (entry.isWoken) return Promise.resolve("woken");
  return new Promise((resolve) => {
    const callOff = clock.after(Math.max(0, time - clock.now()), () => end("time_up"));
    const onGone = () => end("gone");
    for (const signal of leave) signal.addEventListener("abort", onGone);
    entry.wake = () => end("woken");
    function end(how: WaitEnd) {
      callOff();
      for (const signal of leave) signal.removeEventListener("abort", onGone);
      entry.wake = null;
      resolve(how);
    }
  });
}
