// Reads JSON from elsewhere at a cost that we set. JSON.parse costs what the sender likes: 7.4 MB
// of brackets took 1.5 s, 700,000 keys 0.8 s. So a scan of the bytes comes first, while they
// arrive.
import { joinChunks } from "./bounded-body.ts";

/** Why a body is not read. Logs show these words. */
export type JsonFault = "too_large" | "too_deep" | "too_many_values" | "not_json";

export type Json =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly why: JsonFault };

/**
 * The costliest body within these (64,000 keys and values, all different) takes about 20 ms to
 * parse. An honest dashboard is 8 deep, and has 70 keys and values a runner.
 */
const maxDepth = 64;
const maxValues = 65_536;

/** A body as JSON. What is too much of it is not read to its end. Throws what fetch throws. */
export async function readJson(message: Pick<Response, "body">, maxBytes: number): Promise<Json> {
  const scan = createJsonScan(maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message.body ?? []) {
    const fault = scan(chunk);
    if (fault !== null) return { kind: "unreadable", why: fault };
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  return parseScanned(joinChunks(chunks, size));
}

/** Bytes as JSON. Null stands for more bytes than anybody wanted to read. */
export function parseJson(bytes: Uint8Array | null): Json {
  if (bytes === null) return { kind: "unreadable", why: "too_large" };
  const fault = createJsonScan(bytes.byteLength)(bytes);
  return fault === null ? parseScanned(bytes) : { kind: "unreadable", why: fault };
}

const nothing = 0;
/** A comma or a colon: one more key or value. */
const next = 1;
const open = 2;
const close = 3;
const quote = 4;
const quoteByte = '"'.charCodeAt(0);
const backslashByte = "\\".charCodeAt(0);
/** What each byte is outside strings. */
const markOfByte = new Uint8Array(256).fill(nothing);
for (const [mark, characters] of [
  [next, ",:"],
  [open, "[{"],
  [close, "]}"],
  [quote, '"'],
] as const) {
  for (const character of characters) markOfByte[character.charCodeAt(0)] = mark;
}

/**
 * Takes a body piece by piece and says what is too much of it. It does not check the grammar:
 * JSON.parse does, and stops at the first byte that is wrong, so it never meets more than was
 * counted here. Costs 1 to 4 ns a byte.
 */
export function createJsonScan(maxBytes: number): (chunk: Uint8Array) => JsonFault | null {
  let bytes = 0;
  let depth = 0;
  let values = 0;
  let isInString = false;
  let isEscaped = false;
  return (chunk) => {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return "too_large";
    const end = chunk.byteLength;
    let at = 0;
    while (at < end) {
      if (isInString) {
        if (isEscaped) at++;
        isEscaped = false;
        let byte = chunk[at];
        while (at < end && byte !== quoteByte && byte !== backslashByte) byte = chunk[++at];
        if (at >= end) break;
        isEscaped = byte === backslashByte;
        isInString = isEscaped;
        at++;
        continue;
      }
      const mark = markOfByte[chunk[at++] as number];
      if (mark === nothing) continue;
      if (mark === quote) isInString = true;
      else if (mark === close) depth--;
      else if (++values > maxValues) return "too_many_values";
      else if (mark === open && ++depth > maxDepth) return "too_deep";
    }
    return null;
  };
}

function parseScanned(bytes: Uint8Array): Json {
  try {
    return { kind: "json", value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    return { kind: "unreadable", why: "not_json" };
  }
}
