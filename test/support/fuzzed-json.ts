// Honest JSON, spoilt: values changed for odd ones, left out or given twice, and bytes of its text
// changed, cut or repeated.
import fc from "fast-check";

/** How many cases a test of this kind tries; `npm run test:fuzz` tries more. */
export function fuzzCases(usual: number): number {
  return Number(process.env.FUZZ_CASES ?? usual);
}

const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  "",
  "\u0000",
  "__proto__",
  "reserved-for:",
  "💥".repeat(50),
  "a".repeat(20_000),
  [],
  {},
  [[[[]]]],
  { __proto__: null, constructor: 1 },
];

interface Spoil {
  readonly how: "odd" | "drop" | "twice";
  readonly at: number;
  readonly value: unknown;
}

/** One place in the value, counted in order, is spoilt. */
function spoil(value: unknown, { how, at, value: odd }: Spoil): unknown {
  let left = at;
  const walk = (part: unknown): unknown => {
    left -= 1;
    if (left === -1 && how === "odd") return odd;
    if (Array.isArray(part)) {
      return part.flatMap((item) => {
        const isHere = left === 0 && how !== "odd";
        const walked = walk(item);
        if (!isHere) return [walked];
        return how === "drop" ? [] : [walked, walked];
      });
    }
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).flatMap(([key, item]): [string, unknown][] => {
        const isHere = left === 0 && how === "drop";
        const walked = walk(item);
        return isHere ? [] : [[key, walked]];
      }),
    );
  };
  return walk(value);
}

/** Texts that were one of these before something happened to them. */
export function fuzzedJson(honest: readonly unknown[]): fc.Arbitrary<Uint8Array> {
  const spoils = fc.array(
    fc.record({
      how: fc.constantFrom("odd" as const, "odd" as const, "drop" as const, "twice" as const),
      at: fc.nat(60),
      value: fc.oneof(fc.constantFrom(...oddValues), fc.jsonValue()),
    }),
    { maxLength: 3 },
  );
  const cuts = fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      bytes: fc.uint8Array({ maxLength: 3 }),
      skip: fc.nat(3),
    }),
    { maxLength: 2 },
  );
  return fc.tuple(fc.constantFrom(...honest), spoils, cuts).map(([value, changes, breaks]) => {
    const spoilt = changes.reduce(spoil, value as unknown);
    return breaks.reduce(
      (bytes, { at, bytes: put, skip }) => {
        const from = Math.floor(at * bytes.length);
        return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + skip)]);
      },
      Buffer.from(JSON.stringify(spoilt) ?? ""),
    );
  });
}
