// Where a queue is and who asks, as it is given on a command line or in the environment.

/**
 * Throws a sentence that never repeats what it is about, which may hold a password.
 * @param option as the sentence calls it
 * @returns without a slash at its end
 */
export function parseQueueUrl(text: string, option: string): string {
  const url = URL.parse(text);
  const isPlain = url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain || !/^https?:$/.test(url.protocol)) {
    throw new Error(`${option} must be an http or https URL without user, password and query.`);
  }
  return url.href.replace(/\/+$/, "");
}

/** Null where none is given. Throws a sentence that never repeats what it is about. */
export function parseToken(text: string | undefined): string | null {
  // A secret that was pasted often ends with a line break.
  const token = (text ?? "").trim();
  if (token === "") return null;
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error("The token holds a space or a character outside ASCII.");
  return token;
}

/** The same, where nothing can be done without one. */
export function requireToken(text: string | undefined): string {
  const token = parseToken(text);
  if (token === null) throw new Error("The token is missing: set RUNNER_QUEUE_TOKEN, or pass --token.");
  return token;
}
