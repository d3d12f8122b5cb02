// What is struck out of printed text: every secret, and no word of honest prose.
import { expect, it } from "vitest";
import { makeLegible } from "../scripts/queuectl/paper/legible.ts";
import { createReport } from "../scripts/self-test/report.ts";

it.each([
  ["secret", "rotate the secret key", "rotate the secret key"],
  ["secret", "sent Authorization: Bearer secret to it", "sent Authorization: Bearer *** to it"],
  ["secret", "POST /take/1?token=secret&wait=5", "POST /take/1?token=***&wait=5"],
  ["secret", '{"token":"secret"}', '{"token":"***"}'],
  ["s3cret", "it said s3cret", "it said ***"],
  ["abcdefghijklmnopqrst", "it said abcdefghijklmnopqrst", "it said ***"],
])("with the token %j, %j is printed as %j", (token, text, printed) => {
  expect(makeLegible(text, token)).toBe(printed);
  const lines: string[] = [];
  const report = createReport(false, token, (line) => lines.push(line));
  report.check({ check: "reachable", outcome: "ok", seen: text, tookMs: 0 });
  expect(lines[0]).toContain(printed);
});
