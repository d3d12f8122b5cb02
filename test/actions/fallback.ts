// What every fallback has in common.
import { expect } from "vitest";
import type { ActionEnd } from "./composite-action.ts";
import { githubHosted } from "./workflow-run.ts";

/** Falls back, and the job goes on. The sentence is what the person reads. */
export function expectFallback({ outputs, log, summary, isSuccess }: ActionEnd, sentence: string | RegExp): void {
  expect(outputs).toMatchObject(githubHosted);
  expect(isSuccess).toBe(true);
  expectWords(log, sentence);
  const notices = log.split("\n").filter((line) => line.startsWith("::notice "));
  expect(notices).toHaveLength(1);
  expect(summary.match(/\n/g)).toHaveLength(1);
  expectWords(summary, sentence);
}

function expectWords(text: string, words: string | RegExp): void {
  if (typeof words === "string") expect(text).toContain(words);
  else expect(text).toMatch(words);
}
