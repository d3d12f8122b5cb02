// How large a cache may grow. lru-cache sets memory for `max` entries aside when a cache is made,
// some 15 ms and megabytes for 100,000, filled or not; by size it grows as it fills, and is as
// fast.

/** Options of an LRUCache that holds so many entries at most. */
export function growingTo(max: number): { readonly maxSize: number; readonly sizeCalculation: () => number } {
  return { maxSize: max, sizeCalculation: () => 1 };
}
