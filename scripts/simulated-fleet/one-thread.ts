// The monitor's one thread: takes and /policy/override are worked on one at a time, in the order they came. Nobody can
// call a task back; what waits too long to be picked up is told so and dropped, exactly as the real monitor does.

export interface Task {
  /** The moment the thread picks it up. */
  begin(): void;
  /** How long it then works on it; asked at pick-up. */
  durationMs(): number;
  /** The moment it is done with it. */
  end(): void;
  /** It waited for longer than `waitAtMostMs`, and will never begin. */
  tooLate(): void;
  waitAtMostMs: number;
}

export interface OneThread {
  run(task: Task): void;
  close(): void;
}

export function createOneThread(): OneThread {
  const waiting = new Map<Task, NodeJS.Timeout>();
  let working: NodeJS.Timeout | null = null;
  let closed = false;

  function pickUpNext(): void {
    if (working !== null || closed) return;
    const next = waiting.entries().next();
    if (next.done) return;
    const [task, limit] = next.value;
    clearTimeout(limit);
    waiting.delete(task);
    // Set before begin(), so that a listener it calls cannot make the thread work on two things.
    working = setTimeout(function done() {
      working = null;
      task.end();
      pickUpNext();
    }, task.durationMs());
    task.begin();
  }

  return {
    run(task) {
      if (closed) return;
      const limit = setTimeout(function giveUp() {
        waiting.delete(task);
        task.tooLate();
      }, task.waitAtMostMs);
      waiting.set(task, limit);
      pickUpNext();
    },
    close() {
      closed = true;
      if (working !== null) clearTimeout(working);
      for (const limit of waiting.values()) clearTimeout(limit);
      waiting.clear();
    },
  };
}
