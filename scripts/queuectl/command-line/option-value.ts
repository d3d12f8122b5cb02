// Values of options and arguments. What is wrong with one is thrown as a sentence that says what is
// expected, never what was typed.
import { parseDuration } from "../../../src/duration.ts";

const mostEntries = 2_000;

export interface Shape {
  readonly pattern: RegExp;
  readonly expected: string;
}

export const keyShape: Shape = { pattern: /^(?!\.{1,2}$)[\w.-]{1,64}$/, expected: "1 to 64 of A-Z a-z 0-9 . _ -" };
export const idShape: Shape = { pattern: /^(?!\.{1,2}$)[\w.-]{1,128}$/, expected: "1 to 128 of A-Z a-z 0-9 . _ -" };
export const runShape: Shape = { pattern: /^\d{1,20}$/, expected: "1 to 20 digits" };
export const shellShape: Shape = { pattern: /^(bash|zsh|fish)$/, expected: "bash, zsh or fish" };
export const stateShape: Shape = {
  pattern: /^(queued|claimed|taken|failed|abandoned|cancelled)$/,
  expected: "queued, claimed, taken, failed, abandoned or cancelled",
};
export const repoShape: Shape = { pattern: /^[\w.-]+\/[\w.-]+$/, expected: "owner/repo" };

export function parseShaped(what: string, text: string, { pattern, expected }: Shape): string {
  if (!pattern.test(text)) throw new Error(`${what} must be ${expected}.`);
  return text;
}

export function parseOptional(option: string, text: string | undefined, shape: Shape): string | null {
  return text === undefined ? null : parseShaped(option, text, shape);
}

/** Whether it lies ahead is for the queue to say: its clock counts. */
export function parseUntil(text: string | undefined): string | null {
  if (text === undefined) return null;
  const isTime = parseDuration(text) !== null || /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text);
  if (!isTime) throw new Error("--until must be a time such as 2h or 2026-01-31T18:00:00Z.");
  return text;
}

/** In milliseconds. */
export function parseSince(text: string | undefined): number | null {
  if (text === undefined) return null;
  const sinceMs = parseDuration(text) ?? 0;
  if (sinceMs === 0) throw new Error("--since must be a time such as 10m or 2h.");
  return sinceMs;
}

export function parseLimit(text: string | undefined): number | null {
  if (text === undefined) return null;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > mostEntries) throw new Error(`--limit must be a whole number from 1 to ${mostEntries}.`);
  return limit;
}

export function parseNote(text: string | undefined, isNeeded: boolean): string {
  const note = (text ?? "").trim();
  if (isNeeded && note === "") throw new Error("--note is missing: say why, for whoever wonders later.");
  return note;
}
