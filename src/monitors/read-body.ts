// Reads a response as JSON without trusting it: never more than `limit` bytes, never an exception for bad content.

export type Body =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly why: string };

/** Time-outs and resets while reading are thrown by fetch and stay exceptions: the caller knows what they mean. */
export async function readJson(response: Response, limit: number): Promise<Body> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) return { kind: "unreadable", why: `more than ${limit} bytes` };
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  try {
    return { kind: "json", value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    return { kind: "unreadable", why: "not JSON" };
  }
}
