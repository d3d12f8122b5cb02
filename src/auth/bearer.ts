// Bearer tokens (RFC 6750), compared in constant time: both sides go through HMAC with a key of this process, so neither the
// place of the first difference nor the length shows in the time taken.

export interface BearerCheck {
  /** Whether `presented` is one of the tokens. */
  isKnown(presented: string): Promise<boolean>;
}

export async function createBearerCheck(tokens: readonly string[]): Promise<BearerCheck> {
  const key = await crypto.subtle.importKey(
    "raw",
    crypto.getRandomValues(new Uint8Array(32)),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const digest = async (text: string) =>
    new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
  const known = await Promise.all(tokens.map(digest));
  return {
    isKnown: async (presented) => {
      const candidate = await digest(presented);
      let isAny = false;
      for (const token of known) isAny = isEqual(token, candidate) || isAny;
      return isAny;
    },
  };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** The credentials of an `Authorization: Bearer` header, or null. The scheme's case does not matter (RFC 9110 section 11.1). */
export function parseBearer(header: string | undefined): string | null {
  const match = /^bearer +([^\s]+) *$/i.exec(header ?? "");
  return match?.[1] ?? null;
}
