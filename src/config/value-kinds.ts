// What a value may be: the kinds that several settings share. A refusal says what is expected,
// never what was given.
import { z } from "zod";
import { durationForm, parseDuration } from "../duration.ts";
import { splitList } from "./plain-text.ts";

const dayMs = 86_400_000;
/** Timers reach no further than 24.8 days; a longer one would fire at once. */
const maxTimerMs = 24 * dayMs;
const maxMemoryMs = 3_650 * dayMs;

const durationOf = (minMs: number, maxMs: number) =>
  z
    .string()
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms === null) context.addIssue(`is not a duration: write ${durationForm}`);
      return ms ?? minMs;
    })
    .refine((ms) => ms >= minMs, "must be longer than 0")
    .refine((ms) => ms <= maxMs, `must be at most ${maxMs / dayMs}d`);

/** A time that may be 0. */
export const duration = durationOf(0, maxTimerMs);
export const positiveDuration = durationOf(1, maxTimerMs);
/** How long something is remembered: no timer runs for it. */
export const memoryDuration = durationOf(1, maxMemoryMs);

export const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "is not a whole number")
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

const headerSafe = /^[\x21-\x7e]+$/;
const unsafe = "a space or a character outside ASCII";

/** A bearer, or a key: whatever goes into a header. */
export const secret = z.string().regex(headerSafe, `holds ${unsafe}`);
export const isHeaderSafe = (text: string): boolean => headerSafe.test(text);

export const secrets = z
  .string()
  .transform((text) => splitList(text))
  .refine((tokens) => tokens.length > 0, "has no token in it")
  .refine((tokens) => tokens.every(isHeaderSafe), `holds a token with ${unsafe}`);

/** A base URL that paths are put behind. */
export const baseUrl = z
  .string()
  .refine((text) => {
    const url = URL.parse(text);
    return url !== null && isHttp(url) && url.username + url.password + url.search + url.hash === "";
  }, "is not http(s)://host[:port][/path]")
  .transform((text) => text.replace(/\/+$/, ""));

export function isHttp(url: URL): boolean {
  return /^https?:$/.test(url.protocol);
}

export const filePath = z.string().refine((text) => !text.includes("\0"), "is not a path");

/**
 * A secret below this can be guessed. It is warned of, not refused: a trial on one's own machine
 * needs none.
 */
export const minTokenLength = 16;
