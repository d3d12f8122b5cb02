// Names by when they are due: a heap, so that looking costs what is due and not what is known. A
// name that was set anew leaves its older time behind, which is dropped when it comes up.

interface Due {
  readonly at: number;
  readonly name: string;
}

export class DueTimes {
  readonly #current = new Map<string, number>();
  #heap: Due[] = [];
  /** no time is later than this */
  #maxAt = 0;

  /** null: it is not due any more. */
  set(name: string, at: number | null): void {
    if (at === null) {
      this.#current.delete(name);
      return;
    }
    if (this.#current.get(name) === at) return;
    this.#current.set(name, at);
    this.#maxAt = Math.max(this.#maxAt, at);
    this.#push({ at, name });
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#current.size) this.#rebuild();
  }

  /** The first that are due by `now`, at most `limit`. */
  dueBy(now: number, limit: number): readonly string[] {
    // a name that was set to a time, away from it and back stands in the heap twice
    const taken = new Map<string, Due>();
    for (this.#dropStale(); taken.size < limit; this.#dropStale()) {
      const first = this.#heap[0];
      if (first === undefined || first.at > now) break;
      taken.set(first.name, first);
      this.#pop();
    }
    for (const due of taken.values()) this.#push(due);
    return [...taken.keys()];
  }

  /** Names that are due later than `time`: there are none, but where the clock was set back. */
  dueAfter(time: number, limit: number): readonly string[] {
    if (this.#maxAt <= time) return [];
    const later = [...this.#current].filter(([, at]) => at > time).map(([name]) => name);
    if (later.length === 0) this.#maxAt = time;
    return later.slice(0, limit);
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#current.get(first.name) === first.at) return;
      this.#pop();
    }
  }

  #rebuild(): void {
    this.#heap = [];
    for (const [name, at] of this.#current) this.#push({ at, name });
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(due, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
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
}

/** Those due at the same time go by name, as in a sorted set of Redis. */
function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.name < b.name);
}
