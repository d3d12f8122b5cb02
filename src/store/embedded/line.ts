// The present jobs of one profile in order, so that "how many runners do those ahead of me need" is a few binary searches
// however long the line is. One sorted list per runner count: jobs that nobody can serve now are left out by their count.

export interface Waiting {
  readonly place: number;
  readonly uniqueId: string;
}

export interface Ahead {
  readonly jobs: number;
  readonly runners: number;
}

export class Line {
  readonly #byCount = new Map<number, Waiting[]>();

  add(count: number, place: number, uniqueId: string): void {
    const list = this.#byCount.get(count) ?? [];
    this.#byCount.set(count, list);
    const at = lowerBound(list, place, uniqueId);
    if (list[at]?.uniqueId === uniqueId) return;
    list.splice(at, 0, { place, uniqueId });
  }

  remove(count: number, place: number, uniqueId: string): void {
    const list = this.#byCount.get(count);
    if (list === undefined) return;
    const at = lowerBound(list, place, uniqueId);
    if (list[at]?.uniqueId === uniqueId) list.splice(at, 1);
    if (list.length === 0) this.#byCount.delete(count);
  }

  /** Jobs before this place that need at most `servable` runners each, and how many runners those need. */
  ahead(place: number, uniqueId: string, servable: number): Ahead {
    let jobs = 0;
    let runners = 0;
    for (const [count, list] of this.#byCount) {
      if (count > servable) continue;
      const here = lowerBound(list, place, uniqueId);
      jobs += here;
      runners += here * count;
    }
    return { jobs, runners };
  }

  /** All in order of place, one by one: nobody sorts more of them than are asked for. */
  *inOrder(): Generator<{ readonly uniqueId: string; readonly needed: number }> {
    const heads = [...this.#byCount].map(([needed, list]) => ({ needed, list, at: 0 }));
    for (;;) {
      let first: (typeof heads)[number] | undefined;
      for (const head of heads) {
        const mine = head.list[head.at];
        const best = first?.list[first.at];
        if (mine === undefined) continue;
        const isFirst =
          best === undefined || mine.place < best.place || (mine.place === best.place && mine.uniqueId < best.uniqueId);
        if (isFirst) first = head;
      }
      const next = first?.list[first.at];
      if (first === undefined || next === undefined) return;
      first.at += 1;
      yield { uniqueId: next.uniqueId, needed: first.needed };
    }
  }

  /** Runners that all of them need. */
  totalNeeded(): number {
    return [...this.#byCount].reduce((sum, [count, list]) => sum + count * list.length, 0);
  }

  /** The first of every count: among them are the first of all. */
  first(limit: number): readonly Waiting[] {
    return [...this.#byCount.values()].flatMap((list) => list.slice(0, limit));
  }
}

function lowerBound(list: readonly Waiting[], place: number, uniqueId: string): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = list[middle];
    if (other === undefined) break;
    if (other.place < place || (other.place === place && other.uniqueId < uniqueId)) low = middle + 1;
    else high = middle;
  }
  return low;
}
