// Reads a body from elsewhere without trusting its length. bounded-json.ts does the same for JSON.

/**
 * All bytes, or null where there are more than `limit`. Time-outs and resets are thrown by fetch:
 * the caller knows what they mean.
 */
export async function readBytes(message: Pick<Response, "body">, limit: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return joinChunks(chunks, size);
}

/**
 * The same, where the sender is to hear our answer: what is too much is read to its end and thrown
 * away, up to `discardLimit` bytes in all. Who is answered while they still send may see a reset.
 */
export async function readOrDiscard(
  message: Pick<Response, "body">,
  limit: number,
  discardLimit: number,
): Promise<Uint8Array | null> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message.body ?? []) {
    size += chunk.byteLength;
    if (size > discardLimit) return null;
    if (size > limit) chunks = [];
    else chunks.push(chunk);
  }
  return size > limit ? null : joinChunks(chunks, size);
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

/**
 * A request's body broke off: that is its caller's end, and no fault of ours. Nobody is left to read
 * an answer, and nobody is to be woken for it.
 */
export class BrokenOff extends Error {
  override readonly name = "BrokenOff";
}

/** What `read` reads of a request. Throws BrokenOff where its caller is gone before the body's end. */
export async function readWhole<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (cause) {
    throw new BrokenOff("the body broke off", { cause });
  }
}
