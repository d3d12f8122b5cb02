// The one time of a simulated world, and what is to happen in it. An event runs to its end, with
// every promise that it settles, before the next one begins: so a run depends on nothing but its
// events' order, and that on nothing but its seed.

interface Planned {
  readonly at: number;
  readonly order: number;
  /** null: called off */
  act: (() => void) | null;
}

export interface WorldTime {
  /** ms since the world began */
  readonly now: number;
  /** how many events there were */
  readonly events: number;
  /**
   * Plans an event; what is returned calls it off. Events of one time go in the order in which they
   * were planned.
   */
  at(time: number, act: () => void): () => void;
  after(ms: number, act: () => void): () => void;
  /** Lets time go on until then. Rejects with what an event threw. */
  runUntil(time: number): Promise<void>;
}

/** So often the process may look after other things: a test runner wants to hear of it. */
const eventsPerBreath = 5_000;

export function createWorldTime(): WorldTime {
  const heap: Planned[] = [];
  let now = 0;
  let order = 0;
  let events = 0;

  const at = (time: number, act: () => void): (() => void) => {
    const planned: Planned = { at: Math.max(now, time), order: order++, act };
    push(heap, planned);
    return () => {
      planned.act = null;
    };
  };
  /** Whether there was one. */
  const runNext = (until: number): boolean => {
    for (let first = heap[0]; first !== undefined && first.at <= until; first = heap[0]) {
      pop(heap);
      if (first.act === null) continue;
      now = first.at;
      events += 1;
      first.act();
      return true;
    }
    now = Math.max(now, until);
    return false;
  };
  return {
    get now() {
      return now;
    },
    get events() {
      return events;
    },
    at,
    after: (ms, act) => at(now + ms, act),
    runUntil: (until) =>
      new Promise((resolve, reject) => {
        const step = (): void => {
          try {
            if (!runNext(until)) resolve();
            else if (events % eventsPerBreath === 0) setImmediate(step);
            else queueMicrotask(stepLater);
          } catch (error) {
            reject(error);
          }
        };
        // a tick that is asked for by a microtask comes after all microtasks, also after those that
        // they make
        const stepLater = () => process.nextTick(step);
        step();
      }),
  };
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Planned[], planned: Planned): void {
  let at = heap.length;
  heap.push(planned);
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(planned, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = planned;
}

function pop(heap: Planned[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    const [left, right] = [heap[child], heap[child + 1]];
    if (left === undefined) break;
    if (right !== undefined && isBefore(right, left)) child += 1;
    const least = heap[child];
    if (least === undefined || !isBefore(least, last)) break;
    heap[at] = least;
    at = child;
  }
  heap[at] = last;
}
