// Tickets: compact JWS (RFC 7515, HS256) that carry the job itself, so that a valid ticket alone can bring a job back that the
// store lost. The signing key is derived (HKDF, RFC 5869) from an API token; listing a second token rotates it: the first signs,
// all verify.
import { CompactSign, compactVerify } from "jose";
import { z } from "zod";
import type { Ticket } from "../queue/job.ts";

const payloadSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/),
  profile: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  count: z.number().int().positive(),
  repo: z.string().min(3).max(200),
  run: z.string().regex(/^\d{1,20}$/),
  place: z.number().int().positive(),
});

/** No ticket of ours is longer. */
const longestTicket = 1024;
/** One ticket, one text: base64 decoders also take padding, spaces and spare bits that we never write. */
const spelling = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/;
/** Verified tickets remembered per generation: polls of the same job come every few seconds, and HMAC costs more than a look-up. */
const remembered = 50_000;

type SigningKey = Awaited<ReturnType<typeof crypto.subtle.deriveKey>>;

export interface Tickets {
  issue(ticket: Ticket): Promise<string>;
  /** The job that a ticket was signed for, or null for anything else. */
  verify(text: string): Promise<Ticket | null> | Ticket;
}

/** @param apiTokens the tokens to derive keys from, the signing one first */
export async function createTickets(apiTokens: readonly string[]): Promise<Tickets> {
  const keys = await Promise.all(apiTokens.map(deriveKey));
  const signingKey = keys[0];
  if (signingKey === undefined) throw new Error("createTickets needs at least one API token");
  let young = new Map<string, Ticket>();
  let old = new Map<string, Ticket>();

  const remember = (text: string, ticket: Ticket): void => {
    if (young.size >= remembered) {
      old = young;
      young = new Map();
    }
    young.set(text, ticket);
  };
  const verifyFresh = async (text: string): Promise<Ticket | null> => {
    if (text.length > longestTicket || !spelling.test(text)) return null;
    for (const key of keys) {
      const ticket = await verifyWith(text, key);
      if (ticket === null) continue;
      remember(text, ticket);
      return ticket;
    }
    return null;
  };

  return {
    issue: async (ticket) => {
      const payload = {
        id: ticket.uniqueId,
        profile: ticket.profileKey,
        count: ticket.runnerCount,
        repo: ticket.qualifiedRepo,
        run: ticket.runId,
        place: ticket.place,
      };
      const bytes = new TextEncoder().encode(JSON.stringify(payload));
      const text = await new CompactSign(bytes).setProtectedHeader({ alg: "HS256" }).sign(signingKey);
      remember(text, ticket);
      return text;
    },
    verify: (text) => {
      const known = young.get(text);
      if (known !== undefined) return known;
      const older = old.get(text);
      if (older === undefined) return verifyFresh(text);
      remember(text, older);
      return older;
    },
  };
}

async function verifyWith(text: string, key: SigningKey): Promise<Ticket | null> {
  try {
    const { payload } = await compactVerify(text, key, { algorithms: ["HS256"] });
    const parsed = payloadSchema.safeParse(JSON.parse(new TextDecoder().decode(payload)));
    if (!parsed.success) return null;
    const { id, profile, count, repo, run, place } = parsed.data;
    return { uniqueId: id, profileKey: profile, runnerCount: count, qualifiedRepo: repo, runId: run, place };
  } catch {
    // jose throws for everything that is not a signature of ours
    return null;
  }
}

async function deriveKey(apiToken: string): Promise<SigningKey> {
  const bytes = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", bytes.encode(apiToken), "HKDF", false, ["deriveKey"]);
  const derivation = {
    name: "HKDF",
    hash: "SHA-256",
    salt: bytes.encode("runner-queue"),
    info: bytes.encode("ticket v1"),
  };
  return await crypto.subtle.deriveKey(derivation, material, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);
}
