// One list of a profile in order, so that "how many runners do those ahead of me need" is a few
// binary searches however long the list is. One sorted array per need: jobs that nobody can serve
// now are left out by their need.
import type { Entry, NeedCount } from "../../queue/line/line.ts";
import type { FrontJob } from "../../queue/store.ts";

type Placed = Pick<Entry, "need" | "order">;

export class SortedLine {
  /** `order:uniqueId` of each job, by need */
  readonly #byNeed = new Map<number, string[]>();
  #needs: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add({ need, order }: Placed, uniqueId: string): void {
    let keys = this.#byNeed.get(need);
    if (keys === undefined) {
      keys = [];
      this.#byNeed.set(need, keys);
      this.#needs = [...this.#byNeed.keys()].sort((a, b) => a - b);
    }
    const key = `${order}:${uniqueId}`;
    const at = lowerBound(keys, key);
    if (keys[at] === key) return;
    keys.splice(at, 0, key);
    this.#size += 1;
  }

  remove({ need, order }: Placed, uniqueId: string): void {
    const keys = this.#byNeed.get(need);
    if (keys === undefined) return;
    const key = `${order}:${uniqueId}`;
    const at = lowerBound(keys, key);
    if (keys[at] !== key) return;
    keys.splice(at, 1);
    this.#size -= 1;
    if (keys.length > 0) return;
    this.#byNeed.delete(need);
    this.#needs = this.#needs.filter((other) => other !== need);
  }

  /** Jobs by need: those before `order:uniqueId`, or all. */
  count(before: string | null): readonly NeedCount[] {
    return this.#needs.map((need) => {
      const keys = this.#byNeed.get(need) ?? [];
      return { need, jobs: before === null ? keys.length : lowerBound(keys, before) };
    });
  }

  /** The first of every need: among them are the first of all. */
  first(limit: number): readonly FrontJob[] {
    return this.#needs.flatMap((need) =>
      (this.#byNeed.get(need) ?? []).slice(0, limit).map((key) => {
        const colon = key.indexOf(":");
        return { need, order: key.slice(0, colon), uniqueId: key.slice(colon + 1) };
      }),
    );
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
