// Bearer tokens (RFC 6750), compared in constant time: both sides go through HMAC with a key of
// this process, so neither the place of the first difference nor the length shows in the time
// taken.

export interface BearerCheck {
  /** Whether `presented` is one of the tokens. */
  isKnown(presented: string): Promise<boolean>;
  /**
   * Whether it is a good token of ours all the same, which opens other routes: the refusal says so.
   */
  isKnownElsewhere(presented: string): Promise<boolean>;
}

/** @param elsewhere tokens that are good on other routes, and not on these */
export async function createBearerCheck(
  tokens: readonly string[],
  elsewhere: readonly string[] = [],
): Promise<BearerCheck> {
  const entriesOf = (list: readonly string[], value: "here" | "elsewhere") => list.map((token) => ({ token, value }));
  const matcher = await createTokenMatcher([...entriesOf(tokens, "here"), ...entriesOf(elsewhere, "elsewhere")]);
  return {
    isKnown: async (presented) => (await matcher.match(presented)).includes("here"),
    isKnownElsewhere: async (presented) => (await matcher.match(presented)).includes("elsewhere"),
  };
}

export interface TokenMatcher<T> {
  /** The values of all entries whose token this is. */
  match(presented: string): Promise<readonly T[]>;
}

export async function createTokenMatcher<T>(
  entries: readonly { readonly token: string; readonly value: T }[],
): Promise<TokenMatcher<T>> {
  const key = await crypto.subtle.importKey(
    "raw",
    crypto.getRandomValues(new Uint8Array(32)),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const digest = async (text: string) =>
    new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
  const known = await Promise.all(entries.map(async ({ token, value }) => ({ digest: await digest(token), value })));
  return {
    match: async (presented) => {
      const candidate = await digest(presented);
      return known.filter((entry) => isEqual(entry.digest, candidate)).map(({ value }) => value);
    },
  };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/**
 * The credentials of an `Authorization: Bearer` header, or null. The scheme's case does not matter
 * (RFC 9110 section 11.1).
 */
export function parseBearer(header: string | undefined): string | null {
  const match = /^bearer +([^\s]+) *$/i.exec(header ?? "");
  return match?.[1] ?? null;
}
