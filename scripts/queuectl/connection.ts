// Where the queue is, and who asks.

export interface Connection {
  /** Without a slash at its end. */
  readonly queueUrl: string;
  /** Null: none was given. */
  readonly token: string | null;
  readonly json: boolean;
}

/** Throws a sentence that never repeats what it is about. */
export function parseQueueUrl(text: string): string {
  const url = URL.parse(text);
  const isPlain = url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain || !/^https?:$/.test(url.protocol)) {
    throw new Error("--queue (or RUNNER_QUEUE_URL) must be an http or https URL without user, password and query.");
  }
  return url.href.replace(/\/+$/, "");
}

/** Throws a sentence that never repeats what it is about. */
export function parseToken(text: string | undefined, isNeeded: boolean): string | null {
  // A secret that was pasted often ends with a line break.
  const token = (text ?? "").trim();
  if (token === "" && !isNeeded) return null;
  if (token === "") throw new Error("The token is missing: set RUNNER_QUEUE_TOKEN, or pass --token.");
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error("The token holds a space or a character outside ASCII.");
  return token;
}
