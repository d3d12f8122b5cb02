// The monitor's one thread: takes and /policy/override are worked on one at a time, in the order
// they came. Nobody can call a task back. What waits too long to be picked up is told so and
// dropped. What is worked on for too long is told so too, but the work goes on, and breaks the
// thread when it is done, since nobody waits for its answer any more.

import type { Clock } from "../../src/clock.ts";

export interface Task {
  waitAtMostMs: number;
  /** It waited for longer than `waitAtMostMs`, and will never begin. */
  tooLate(): void;
  /** The moment the thread picks it up. */
  begin(): void;
  answerAtMostMs: number;
  /** It is still worked on `answerAtMostMs` after it was picked up. */
  tooSlow(): void;
  /** How long the thread works on it; asked at pick-up. */
  durationMs(): number;
  /** The moment it is done with it, in time or not. */
  end(): void;
  /** Called after `end()`: how long until the thread picks up the next. */
  pauseMs(): number;
}

export interface OneThread {
  run(task: Task): void;
  /** The process went down: what waited is forgotten, and nothing is picked up for so long. */
  startAnew(pauseMs: number): void;
  close(): void;
}

/** `broken`: a task was done after its caller had been told that it is too slow. */
export function createOneThread(clock: Clock, broken: () => void): OneThread {
  const waiting = new Map<Task, () => void>();
  let working: (() => void) | null = null;
  let answerLimit: (() => void) | null = null;
  let isClosed = false;

  function pickUpNext(): void {
    if (working !== null || isClosed) return;
    const next = waiting.entries().next();
    if (next.done) return;
    const [task, callOffLimit] = next.value;
    callOffLimit();
    waiting.delete(task);
    const durationMs = task.durationMs();
    const isTooSlow = durationMs > task.answerAtMostMs;
    // Set before begin(), so that a listener it calls cannot make the thread work on two things.
    working = clock.after(durationMs, () => finish(task, isTooSlow));
    if (isTooSlow) answerLimit = clock.after(task.answerAtMostMs, () => task.tooSlow());
    task.begin();
  }

  function finish(task: Task, isTooSlow: boolean): void {
    task.end();
    pause(task.pauseMs());
    if (isTooSlow) broken();
  }

  function pause(pauseMs: number): void {
    working = null;
    if (isClosed) return;
    if (pauseMs === 0) {
      pickUpNext();
      return;
    }
    working = clock.after(pauseMs, () => {
      working = null;
      pickUpNext();
    });
  }

  function forgetAll(): void {
    working?.();
    answerLimit?.();
    for (const callOffLimit of waiting.values()) callOffLimit();
    waiting.clear();
  }

  return {
    run(task) {
      if (isClosed) return;
      const callOffLimit = clock.after(task.waitAtMostMs, function giveUp() {
        waiting.delete(task);
        task.tooLate();
      });
      waiting.set(task, callOffLimit);
      pickUpNext();
    },
    startAnew(pauseMs) {
      forgetAll();
      pause(pauseMs);
    },
    close() {
      isClosed = true;
      forgetAll();
    },
  };
}
