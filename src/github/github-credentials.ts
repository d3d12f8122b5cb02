// Who we are at GitHub: nobody, the bearer of a token, or a GitHub App, which has an installation,
// and so a token of its own, for every owner. Installation tokens live an hour; each is kept until
// shortly before its end.
import { importPKCS8, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { growingTo } from "../bounded-cache.ts";
import { parseJson } from "../bounded-json.ts";
import type { Observe } from "../queue/events.ts";
import { type GithubApi, type GithubReply, isAboutTheQuestion, type Trouble, trouble } from "./github-api.ts";

export type Authorization =
  /** `mayRenew`: a rejected one may be replaced */
  | {
      readonly kind: "authorized";
      readonly header: string | null;
      readonly account: string;
      readonly mayRenew: boolean;
    }
  /** the App is not installed where the repository is */
  | { readonly kind: "missing" }
  | Trouble;

export interface GithubCredentials {
  /** @param qualifiedRepo owner/repo that will be asked about */
  authorize(qualifiedRepo: string): Promise<Authorization>;
  /** GitHub said 401 to this: do not use it again. True: another try may go better. */
  distrust(authorization: string | null, qualifiedRepo: string): boolean;
}

export interface GithubApp {
  readonly id: string;
  /** PEM, PKCS#8 */
  readonly privateKey: string;
}

/**
 * A token that ends sooner than this is not used any more: a look-up takes up to 20 s, and clocks
 * differ.
 */
const renewBeforeMs = 120_000;
const askWithinMs = 10_000;
/** Owners remembered; each is one of ALLOWED_REPOS, so this is never reached in earnest. */
const mostOwners = 1_000;

const installationSchema = z.object({ id: z.int().positive() });
const accessSchema = z.object({
  token: z.string().regex(/^[\x21-\x7e]{1,1000}$/),
  expires_at: z.iso.datetime({ offset: true }),
});

/** @param tokenNow GITHUB_TOKEN, which a reload may change; null: GitHub is asked as nobody */
export function createTokenCredentials(tokenNow: () => string | null): GithubCredentials {
  return {
    authorize: async () => {
      const token = tokenNow();
      const header = token === null ? null : `Bearer ${token}`;
      return { kind: "authorized", header, account: "token", mayRenew: false };
    },
    distrust: () => false,
  };
}

/** @param now ms since 1970 */
export async function createAppCredentials(
  app: GithubApp,
  api: GithubApi,
  observe: Observe,
  now: () => number,
): Promise<GithubCredentials> {
  const key = await importPKCS8(app.privateKey, "RS256");
  const kept = new LRUCache<string, { readonly header: string; readonly until: number }>(growingTo(mostOwners));
  const underWay = new Map<string, Promise<Authorization>>();

  const troubleOf = (what: string, { status }: Extract<GithubReply, { kind: "reply" }>): Trouble => {
    if (status === 401 || status === 403) observe({ kind: "rejected_by_github", status });
    return trouble(`${what}: status ${status}`, status < 500 ? 30_000 : undefined);
  };

  /** GitHub takes such a token for at most ten minutes, and none from the future: clocks differ. */
  const signAppToken = async (): Promise<string> => {
    const nowSeconds = Math.floor(now() / 1000);
    const jwt = new SignJWT().setProtectedHeader({ alg: "RS256" }).setIssuer(app.id);
    return await jwt
      .setIssuedAt(nowSeconds - 60)
      .setExpirationTime(nowSeconds + 540)
      .sign(key);
  };

  const loadInstallationToken = async (qualifiedRepo: string, owner: string): Promise<Authorization> => {
    const ask = {
      authorization: `Bearer ${await signAppToken()}`,
      account: "app",
      signal: AbortSignal.timeout(askWithinMs),
    };
    const found = await api({ ...ask, method: "GET", path: `/repos/${qualifiedRepo}/installation` });
    if (found.kind === "trouble") return found;
    if (isAboutTheQuestion(found.status)) return { kind: "missing" };
    const installation = parseReply(found.body, installationSchema);
    if (found.status !== 200 || installation === null) return troubleOf("installation", found);
    const path = `/app/installations/${installation.id}/access_tokens`;
    const given = await api({ ...ask, method: "POST", path });
    if (given.kind === "trouble") return given;
    const access = parseReply(given.body, accessSchema);
    if (given.status !== 201 || access === null) return troubleOf("installation token", given);
    const header = `Bearer ${access.token}`;
    kept.set(owner, { header, until: Date.parse(access.expires_at) - renewBeforeMs });
    return { kind: "authorized", header, account: `installation of ${owner}`, mayRenew: true };
  };

  return {
    authorize: async (qualifiedRepo) => {
      const owner = ownerOf(qualifiedRepo);
      const known = kept.get(owner);
      if (known !== undefined && known.until > now()) {
        return { kind: "authorized", header: known.header, account: `installation of ${owner}`, mayRenew: true };
      }
      // What a look-up for another repository of this owner found is shared only if it went well:
      // that one may not exist.
      const shared = await underWay.get(owner);
      if (shared?.kind === "authorized") return shared;
      const asking = loadInstallationToken(qualifiedRepo, owner).finally(() => {
        if (underWay.get(owner) === asking) underWay.delete(owner);
      });
      underWay.set(owner, asking);
      return await asking;
    },
    distrust: (authorization, qualifiedRepo) => {
      const owner = ownerOf(qualifiedRepo);
      if (kept.get(owner)?.header === authorization) kept.delete(owner);
      return true;
    },
  };
}

/** The body of a reply as `schema` wants it, or null. */
export function parseReply<T>(body: Uint8Array | null, schema: z.ZodType<T>): T | null {
  const json = parseJson(body);
  const parsed = json.kind === "json" ? schema.safeParse(json.value) : null;
  return parsed?.success === true ? parsed.data : null;
}

function ownerOf(qualifiedRepo: string): string {
  return (qualifiedRepo.split("/")[0] ?? "").toLowerCase();
}
