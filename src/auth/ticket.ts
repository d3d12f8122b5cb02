// Tickets: compact JWS (RFC 7515, HS256) that carry the job itself, so that a valid ticket alone
// can bring a job back that the store lost. Keys are derived (HKDF, RFC 5869) from secrets:
// TICKET_KEYS, or the API tokens where that is not set.
//
// Every listed key verifies. The first signs, and where there is a second, its signature goes along
// in the header (`also`). So two instances accept each other's tickets as long as one of their
// first two keys is known to both: a rotation costs nobody their place, in whatever order it
// reaches the instances.
import { CompactSign, compactVerify, decodeProtectedHeader } from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { growingTo } from "../bounded-cache.ts";
import { type Ticket, ticketOf } from "../queue/job/job.ts";
import {
  classNameSchema,
  maxRunnersOfAnyJob,
  profileKeySchema,
  qualifiedRepoSchema,
  runIdSchema,
  uniqueIdSchema,
} from "./job-schemas.ts";

/**
 * What a newer version adds is ignored, so that versions can roll. What we know is parsed as a
 * request's parameters are.
 */
const payloadSchema = z.object({
  id: uniqueIdSchema,
  profile: profileKeySchema,
  count: z.int().min(1).max(maxRunnersOfAnyJob),
  repo: qualifiedRepoSchema,
  run: runIdSchema,
  place: z.int().positive(),
  class: classNameSchema.optional(),
  /** start and end of its share of the line */
  part: z.tuple([z.int().nonnegative(), z.int().positive()]).optional(),
});

/**
 * No ticket of ours is longer: about 700 characters at most, and some room for what newer versions
 * add.
 */
const longestTicket = 1024;
/**
 * One ticket, one text: base64 decoders also take padding, spaces and spare bits that we never
 * write.
 */
const spelling = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/;
const alg = "HS256";
/**
 * Tickets remembered: polls of a job come every few seconds, and HMAC costs more than a look-up.
 */
const maxVerified = 100_000;

type SigningKey = Awaited<ReturnType<typeof crypto.subtle.deriveKey>>;

export interface Tickets {
  issue(ticket: Ticket): Promise<string>;
  /** The job that a ticket was signed for, or null for anything else. */
  verify(text: string): Promise<Ticket | null> | Ticket;
}

/** @param secrets what keys are derived from, the signing one first: see ticketSecretsOf */
export async function createTickets(secrets: readonly string[]): Promise<Tickets> {
  const keys = await Promise.all(secrets.map(deriveKey));
  const [signingKey, secondKey] = keys;
  if (signingKey === undefined) throw new Error("createTickets needs at least one secret");
  const verified = new LRUCache<string, Ticket>(growingTo(maxVerified));

  const verifyFresh = async (text: string): Promise<Ticket | null> => {
    if (text.length > longestTicket || !spelling.test(text)) return null;
    for (const key of keys) {
      const ticket = await verifyWith(text, key);
      if (ticket === null) continue;
      verified.set(text, ticket);
      return ticket;
    }
    // Only the ticket of the second key is remembered: that one has one spelling, however the rest
    // of this text is changed.
    const other = ticketOfSecondKey(text);
    return other === null ? null : (verified.get(other) ?? (await verifyFresh(other)));
  };

  return {
    issue: async (ticket) => {
      const bytes = new TextEncoder().encode(JSON.stringify(payloadOf(ticket)));
      const also = secondKey === undefined ? undefined : signatureOf(await sign(bytes, { alg }, secondKey));
      const text = await sign(bytes, also === undefined ? { alg } : { alg, also }, signingKey);
      verified.set(text, ticket);
      return text;
    },
    verify: (text) => verified.get(text) ?? verifyFresh(text),
  };
}

function payloadOf(ticket: Ticket) {
  return {
    id: ticket.uniqueId,
    profile: ticket.profileKey,
    count: ticket.runnerCount,
    repo: ticket.qualifiedRepo,
    run: ticket.runId,
    place: ticket.place,
    class: ticket.className,
    part: ticket.share === undefined ? undefined : [ticket.share.start, ticket.share.end],
  };
}

interface TicketHeader {
  readonly alg: string;
  /**
   * the signature that this very payload has in the ticket of an instance that knows the second key
   * only
   */
  readonly also?: string;
}

function sign(bytes: Uint8Array, header: TicketHeader, key: SigningKey): Promise<string> {
  return new CompactSign(bytes).setProtectedHeader({ ...header }).sign(key);
}

function signatureOf(text: string): string {
  return text.slice(text.lastIndexOf(".") + 1);
}

/**
 * The ticket that an instance with the second key only would have issued for the same job; null
 * where there is none.
 */
function ticketOfSecondKey(text: string): string | null {
  try {
    const { also } = decodeProtectedHeader(text);
    return typeof also === "string" ? `${plainHeader}.${text.split(".")[1]}.${also}` : null;
  } catch {
    // the header is no JSON object
    return null;
  }
}

/** {"alg":"HS256"}, as every ticket of a single key begins. */
const plainHeader = "eyJhbGciOiJIUzI1NiJ9";

async function verifyWith(text: string, key: SigningKey): Promise<Ticket | null> {
  try {
    const { payload } = await compactVerify(text, key, { algorithms: [alg] });
    const parsed = payloadSchema.safeParse(JSON.parse(new TextDecoder().decode(payload)));
    if (!parsed.success) return null;
    const { id, profile, count, repo, run, place, class: className, part } = parsed.data;
    return ticketOf({
      uniqueId: id,
      profileKey: profile,
      runnerCount: count,
      qualifiedRepo: repo,
      runId: run,
      className,
      place,
      ...(part !== undefined && { share: { start: part[0], end: part[1] } }),
    });
  } catch {
    // jose throws for everything that is not a signature of ours
    return null;
  }
}

async function deriveKey(secret: string): Promise<SigningKey> {
  const bytes = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", bytes.encode(secret), "HKDF", false, ["deriveKey"]);
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
