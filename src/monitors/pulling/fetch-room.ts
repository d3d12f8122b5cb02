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
  /** the longest held first */
  const held = new Map<object, { readonly monitor: string; readonly callOff: () => void }>();

  return {
    enter: (monitor, profiles, gone) => {
      const waiters = profiles.map((profileKey) => room.enter(profileKey, wakeNameOf(monitor)));
      const calledOff = new AbortController();
      const me = {};
      held.set(me, { monitor, callOff: () => calledOff.abort() });
      return {
        reset: () => {
          for (const waiter of waiters) waiter.reset();
        },
        isCalledOff: () => calledOff.signal.aborted || ending.aborted,
        until: async (time) => {
          const over = new AbortController();
          const ends = [gone, ending, calledOff.signal, over.signal];
          const waits = waiters.map((waiter) => waiter.until(time, ends));
          if (waits.length === 0) waits.push(room.rest(time, ends));
          const end = await Promise.race(waits);
          over.abort();
          return end === "gone" && !gone.aborted ? "time_up" : end;
        },
        leave: () => {
          held.delete(me);
          for (const waiter of waiters) waiter.leave();
        },
      };
    },
    replace: (monitor) => {
      for (const one of held.values()) if (one.monitor === monitor) one.callOff();
    },
    callOff: () => {
      const [oldest] = held;
      if (oldest === undefined) return;
      held.delete(oldest[0]);
      oldest[1].callOff();
    },
    count: () => held.size,
  };
}
