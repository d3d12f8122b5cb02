// How fast one address may try ids: the first tries at once, then one a second, and never anybody
// else's.
import { expect, it } from "vitest";
import { createGuessLimit, guessLimits } from "../../../src/http/callers/guess-limit.ts";

function startClock() {
  let ms = 1_000_000;
  return { now: () => ms, pass: (seconds: number) => (ms += seconds * 1000) };
}

it("an address has a matrix's worth of tries at once, then as many as are forgotten, and hears when", () => {
  const clock = startClock();
  const limit = createGuessLimit(clock.now);
  for (let i = 0; i < guessLimits.size; i++) expect(limit.begin("a")).toBe(0);
  for (let i = 0; i < 1000; i++) expect(limit.begin("a")).toBe(1);
  clock.pass(0.5);
  expect(limit.begin("a")).toBe(1);
  clock.pass(0.5);
  // what was refused did not count: a refused caller who comes back when told is let through
  expect(limit.begin("a")).toBe(0);
  expect(limit.begin("a")).toBe(1);
  clock.pass(3600);
  for (let i = 0; i < guessLimits.size; i++) expect(limit.begin("a")).toBe(0);
  expect(limit.begin("a")).toBe(1);
});

it("one address slows down no other", () => {
  const limit = createGuessLimit(() => 0);
  for (let i = 0; i < 10 * guessLimits.size; i++) limit.begin("a");
  expect(limit.begin("b")).toBe(0);
});

it("strangers with ever new addresses cost no more memory, and push nobody out who goes on trying", () => {
  const limit = createGuessLimit(() => 0);
  for (let i = 0; i < guessLimits.size; i++) limit.begin("busy");
  for (let i = 0; i < 3 * guessLimits.remembered; i++) {
    limit.begin(`stranger-${i}`);
    if (i % 1000 === 0) expect(limit.begin("busy")).toBe(1);
  }
  // the first strangers are forgotten
  expect(limit.begin("stranger-0")).toBe(0);
});
