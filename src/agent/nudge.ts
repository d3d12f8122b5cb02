// A loop that looks around from time to time, and at once when it is nudged. A nudge that comes while
// nobody waits is not lost.
import type { Clock } from "../clock.ts";

export interface Nudge {
  nudge(): void;
  /** Resolves after so many ms, or when it is nudged, or was since the last wait. */
  wait(ms: number): Promise<void>;
}

export function createNudge(clock: Clock): Nudge {
  let isNudged = false;
  let wake: (() => void) | null = null;
  return {
    nudge: () => {
      isNudged = true;
      wake?.();
    },
    wait: (ms) =>
      new Promise((resolve) => {
        const finish = () => {
          callOff();
          wake = null;
          isNudged = false;
          resolve();
        };
        const callOff = clock.after(ms, finish);
        wake = finish;
        if (isNudged) finish();
      }),
  };
}
