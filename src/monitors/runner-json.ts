// What a monitor says of one runner: how its id may look, and how its JSON is written again.
import { z } from "zod";

/** A runner's id as monitors write it: a whole number, or a short printable text. */
export const runnerIdSchema = z.union([z.int(), z.string().regex(/^[\x21-\x7e]{1,200}$/)]);

/**
 * An honest one has 1 to 3 KB. Answers are kept in the store: 1,017 of 255 KB filled a Redis of 256
 * MB.
 */
export const maxRunnerBytes = 16 * 1024;

/** How a monitor answers a take for one runner: the runner alone, or a list of one. */
export type AnswerShape = "object" | "list";

/** The JSON of one runner, or null where it is too long, or nested too deeply to be written. */
export function writeRunner(runner: unknown): string | null {
  try {
    const text = JSON.stringify(runner);
    // no character takes more than three bytes
    const isShort = text.length * 3 <= maxRunnerBytes || new TextEncoder().encode(text).byteLength <= maxRunnerBytes;
    return isShort ? text : null;
  } catch {
    return null;
  }
}

/** The same as the whole answer to a job of one runner. */
export function inShape(shape: AnswerShape, text: string): string {
  return shape === "list" ? `[${text}]` : text;
}
