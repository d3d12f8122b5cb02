// Reads a body from elsewhere without trusting it: never more than a limit, never an exception for bad content. Shared by auth, monitors and
// sole-file.

export type Body =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly why: string };

/** All bytes, or null where there are more than `limit`. Time-outs and resets are thrown by fetch: the caller knows what they mean. */
export async function readBytes(response: Response, limit: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return joinChunks(chunks, size);
}

/** A body as JSON; throws as readBytes does. */
export async function readJson(response: Response, limit: number): Promise<Body> {
  return parseJson(await readBytes(response, limit));
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

/** The chunks as one. */
export function joinChunks(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
