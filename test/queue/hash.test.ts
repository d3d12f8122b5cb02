// The hash is FNV-1a: the published figures, the same on every runtime and in every version.
import { expect, it } from "vitest";
import { hashOf } from "../../src/queue/hash.ts";

it.each([
  ["", 0x811c9dc5],
  ["a", 0xe40c292c],
  ["foobar", 0xbf9cf968],
])("the hash of %j is FNV-1a's, without a sign", (text, expected) => {
  expect(hashOf(text)).toBe(expected);
});
