// GitHub OIDC: a workflow's own token, signed by GitHub, says which run of which repository sends it. Anybody's workflow can have one made
// for our audience, so who may enqueue is still decided by ALLOWED_REPOS. Source: GitHub's "OpenID Connect reference".
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from "jose";
import { z } from "zod";
import { readBytes } from "../bounded-body.ts";
import { nameFailure, type Trouble, trouble } from "./github-api.ts";

export const oidcRefusals = ["oidc_invalid", "oidc_expired", "oidc_audience_wrong"] as const;

export type OidcResult =
  | { readonly kind: "claims"; readonly repository: string; readonly runId: string }
  | { readonly kind: "refused"; readonly code: (typeof oidcRefusals)[number] }
  | Trouble;

export interface OidcCheck {
  /** Never rejects: whatever a stranger sends is a value. */
  verify(token: string): Promise<OidcResult>;
}

const longestJwks = 256 * 1024;
const longestToken = 8 * 1024;
const clockToleranceSeconds = 5;
/** An issuer that is down is asked at most this often, however many bearers come. */
const failureKeptMs = 1_000;
const claimsSchema = z.object({ repository: z.string(), run_id: z.string() });

export function createOidcCheck(issuer: string, audience: string): OidcCheck {
  const keys = createRemoteJWKSet(new URL(`${issuer.replace(/\/+$/, "")}/.well-known/jwks`), {
    timeoutDuration: 5_000,
    // for keys that it does not know: GitHub publishes a new key before it signs with it
    cooldownDuration: 5_000,
    [customFetch]: async (url, options) => {
      const response = await fetch(url, options as RequestInit);
      const bytes = await readBytes(response, longestJwks);
      return new Response(bytes?.slice() ?? "too large", { status: response.status });
    },
  });

  let failedAt = Number.NEGATIVE_INFINITY;
  return {
    verify: async (token) => {
      if (token.length > longestToken) return { kind: "refused", code: "oidc_invalid" };
      if (performance.now() - failedAt < failureKeptMs) return trouble("keys of the OIDC issuer: failed a moment ago");
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          // GitHub signs with this one only; a list keeps "none" and a public key used as a secret (HS256) out
          algorithms: ["RS256"],
          clockTolerance: clockToleranceSeconds,
          requiredClaims: ["exp", "repository", "run_id"],
        });
        const claims = claimsSchema.safeParse(payload);
        if (!claims.success) return { kind: "refused", code: "oidc_invalid" };
        return { kind: "claims", repository: claims.data.repository, runId: claims.data.run_id };
      } catch (error) {
        const result = decideFailure(error);
        if (result.kind === "trouble") failedAt = performance.now();
        return result;
      }
    },
  };
}

/** What jose objects to is the token's fault, unless it could not get hold of the keys. */
function decideFailure(error: unknown): OidcResult {
  if (error instanceof errors.JWTExpired) return { kind: "refused", code: "oidc_expired" };
  if (error instanceof errors.JWTClaimValidationFailed) {
    return { kind: "refused", code: error.claim === "aud" ? "oidc_audience_wrong" : "oidc_invalid" };
  }
  const isAboutKeys =
    !(error instanceof errors.JOSEError) ||
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === "ERR_JOSE_GENERIC";
  return isAboutKeys
    ? trouble(`keys of the OIDC issuer: ${nameFailure(error)}`)
    : { kind: "refused", code: "oidc_invalid" };
}
