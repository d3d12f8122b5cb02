// Figures that follow from the settings.
import { expect, it } from "vitest";
import { maxRetryAfterMs } from "../../src/queue/settings.ts";

it.each([
  { abandonAfterMs: 1, expected: 1_000 },
  { abandonAfterMs: 3_000, expected: 1_000 },
  { abandonAfterMs: 5_999, expected: 1_000 },
  { abandonAfterMs: 6_000, expected: 2_000 },
  { abandonAfterMs: 30_000, expected: 10_000 },
])("nobody is told to stay away for more than a third of ABANDON_AFTER $abandonAfterMs, in whole seconds", (given) => {
  expect(maxRetryAfterMs(given)).toBe(given.expected);
});
