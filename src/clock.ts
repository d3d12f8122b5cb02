// The time that a process lives by. It is handed to whatever acts, so that a simulation can put its
// own in its place. Runs on every runtime.

export interface Clock {
  /** ms since some moment of this process. Nobody can set it. */
  now(): number;
  /** ms since 1970, as this machine has it. It may be set. */
  date(): number;
  /** Calls `act` once, so many ms from now. What is returned calls it off. */
  after(ms: number, act: () => void): () => void;
  /** Calls `act` each time that so many ms have passed, until what is returned is called. */
  every(ms: number, act: () => void): () => void;
  /** Calls `act` when all that came in together with what runs now was taken in. */
  soon(act: () => void): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, act) => {
    const timer = setInterval(act, ms);
    return () => clearInterval(timer);
  },
  soon: (act) => void setImmediate(act),
};

export function delay(clock: Clock, ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(ms, resolve));
}

/** A signal that aborts when so many ms have passed, unless `end` is called before. */
export function limitTime(clock: Clock, ms: number): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  const timeUp = () => controller.abort(new DOMException("no answer in time", "TimeoutError"));
  return { signal: controller.signal, end: clock.after(ms, timeUp) };
}
