// Chance by a seed: the same seed makes the same choices. Each concern of a simulation draws from a
// stream of its own, so that what one of them does with its chance changes nothing for the others.

export interface Chance {
  /** from 0 up to 1 */
  next(): number;
  /** whether something happens that happens so often */
  happens(probability: number): boolean;
  /** from `min` up to `max` */
  between(min: number, max: number): number;
  /** a whole number, from `min` to `max` */
  whole(min: number, max: number): number;
  /** mostly about `mean`, sometimes far more: how long things that happen by themselves take */
  span(mean: number): number;
  pick<T>(some: readonly [T, ...T[]]): T;
  /** another stream, by a name */
  stream(name: string): Chance;
}

/** @param seed whole number */
export function createChance(seed: number): Chance {
  // sfc32: https://pracrand.sourceforge.net, small, fast and good enough
  let [a, b, c, d] = [seed | 0, Math.floor(seed / 2 ** 32) | 0, 0x9e3779b9 | 0, 1];
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let warm = 0; warm < 12; warm++) next();
  return {
    next,
    happens: (probability) => probability > 0 && next() < probability,
    between: (min, max) => min + next() * (max - min),
    whole: (min, max) => min + Math.floor(next() * (max - min + 1)),
    span: (mean) => -Math.log(1 - next()) * mean,
    pick: (some) => some[Math.floor(next() * some.length)] ?? some[0],
    stream: (name) => {
      let hash = seed;
      for (const letter of name) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
      return createChance(hash >>> 0);
    },
  };
}
