// What a monitor says of one runner: how its id may look, and how its JSON is written again.
import { z } from "zod";

/** A runner's id as monitors write it: a whole number, or a short printable text. */
export const runnerIdSchema = z.union([z.int(), z.string().regex(/^[\x21-\x7e]{1,200}$/)]);

/** Text of a value that came as JSON, or null where it is nested too deeply to be written (JSON.parse takes more than JSON.stringify). */
export function writeJson(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}
