// Where held fetches of this process wait: one at a time for each monitor, for a newer one answers it.
// They wait in the room where held takes do, under their monitor's name, in all its profiles.
import type { WaitEnd, WaitingRoom } from "../../dispatch/takes/waiting-room.ts";
import { wakeNameOf } from "../../queue/fleet/pulled-legs.ts";

export interface FetchPlace {
  /** Forgets wakes so far. */
  reset(): void;
  /** Whether a newer fetch, or the end of this process, wants it answered. */
  isCalledOff(): boolean;
  /** Until it is woken, its time (on the clock's `now`) is up, or its caller is gone. */
  until(time: number): Promise<WaitEnd>;
  leave(): void;
}

export interface FetchRoom {
  enter(monitor: string, profiles: readonly string[], gone: AbortSignal): FetchPlace;
  /** A newer fetch of this monitor came: the one that is held is answered. */
  replace(monitor: string): void;
  /** The one that was held longest is answered. */
  callOff(): void;
  /** How many are held. */
  count(): number;
}

/** @param ending aborts when nobody is held any more */
export function createFetchRoom(room: WaitingRoom, ending: AbortSignal): FetchRoom {
  /** the longest held first, and those of each monitor */
  const held = new Set<() => void>();
  const heldOf = new Map<string, Set<() => void>>();
  // one listener for all: a signal looks through those that it has for each that is added
  ending.addEventListener("abort", () => {
    for (const callOff of held) callOff();
  });

  return {
    enter: (monitor, profiles, gone) => {
      const waiters = profiles.map((profileKey) => room.enter(profileKey, wakeNameOf(monitor)));
      const calledOff = new AbortController();
      const callOff = () => calledOff.abort();
      const own = heldOf.get(monitor) ?? new Set();
      heldOf.set(monitor, own.add(callOff));
      held.add(callOff);
      return {
        reset: () => {
          for (const waiter of waiters) waiter.reset();
        },
        isCalledOff: () => calledOff.signal.aborted || ending.aborted,
        until: async (time) => {
          const over = new AbortController();
          const ends = [gone, calledOff.signal, over.signal];
          const waits = waiters.map((waiter) => waiter.until(time, ends));
          if (waits.length === 0) waits.push(room.rest(time, ends));
          const end = await Promise.race(waits);
          over.abort();
          return end === "gone" && !gone.aborted ? "time_up" : end;
        },
        leave: () => {
          held.delete(callOff);
          own.delete(callOff);
          if (own.size === 0 && heldOf.get(monitor) === own) heldOf.delete(monitor);
          for (const waiter of waiters) waiter.leave();
        },
      };
    },
    replace: (monitor) => {
      for (const callOff of heldOf.get(monitor) ?? []) callOff();
    },
    callOff: () => {
      const [oldest] = held;
      if (oldest === undefined) return;
      held.delete(oldest);
      oldest();
    },
    count: () => held.size,
  };
}
