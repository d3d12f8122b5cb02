// Reads a body as JSON without trusting it: never more than a limit, never an exception for bad content.
import { z } from "zod";
import { joinChunks } from "./send-take.ts";

export type Body =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly why: string };

/** Time-outs and resets while reading are thrown by fetch and stay exceptions: the caller knows what they mean. */
export async function readJson(response: Response, limit: number): Promise<Body> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) return { kind: "unreadable", why: "too large" };
    chunks.push(chunk);
  }
  return parseJson(joinChunks(chunks, size));
}

/** Bytes as JSON; null stands for more bytes than anybody wanted to read. */
export function parseJson(bytes: Uint8Array | null): Body {
  if (bytes === null) return { kind: "unreadable", why: "too large" };
  try {
    return { kind: "json", value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    return { kind: "unreadable", why: "not JSON" };
  }
}

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
