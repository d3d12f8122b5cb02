// What a process of the simulation runs on: a clock of its own, that pauses and dies with it. A
// paused process hears of nothing; when it goes on, all that came meanwhile is there at once, as
// after SIGSTOP and SIGCONT. A dead one hears of nothing ever again.
import type { Clock } from "../../src/clock.ts";
import type { WorldTime } from "./world-time.ts";

/** When the simulated worlds begin, ms since 1970. */
export const worldBeganAt = 1_790_000_000_000;

export interface Machine {
  readonly name: string;
  /** which life of the process this is */
  readonly boot: number;
  readonly clock: Clock;
  readonly isAlive: boolean;
  readonly isPaused: boolean;
  /** Lets the process hear of something: now, or when it goes on, or never. */
  deliver(act: () => void): void;
  pause(): void;
  /** Returns how many things it had not heard of. */
  goOn(): number;
  die(): void;
  /** Its clock of the day is set. */
  setClock(byMs: number): void;
}

export function createMachine(name: string, time: WorldTime, boot = 1): Machine {
  const bornAt = time.now;
  let dateOffsetMs = 0;
  let isAlive = true;
  let isPaused = false;
  let unheard: (() => void)[] = [];

  const deliver = (act: () => void): void => {
    if (!isAlive) return;
    if (isPaused) unheard.push(act);
    else act();
  };
  const after = (ms: number, act: () => void): (() => void) => {
    let isOff = false;
    const callOff = time.after(Math.max(0, ms), () =>
      deliver(() => {
        if (!isOff) act();
      }),
    );
    return () => {
      isOff = true;
      callOff();
    };
  };
  return {
    name,
    boot,
    clock: {
      now: () => time.now - bornAt,
      date: () => worldBeganAt + time.now + dateOffsetMs,
      after,
      every: (ms, act) => {
        let callOff = () => {};
        const next = (): void => {
          callOff = after(ms, () => {
            next();
            act();
          });
        };
        next();
        return () => callOff();
      },
      soon: (act) => void after(0, act),
    },
    get isAlive() {
      return isAlive;
    },
    get isPaused() {
      return isPaused;
    },
    deliver,
    pause: () => {
      isPaused = true;
    },
    goOn: () => {
      isPaused = false;
      const waiting = unheard;
      unheard = [];
      // one after the other: each with all that follows from it
      for (const act of waiting) time.after(0, () => deliver(act));
      return waiting.length;
    },
    die: () => {
      isAlive = false;
      unheard = [];
    },
    setClock: (byMs) => {
      dateOffsetMs += byMs;
    },
  };
}
