// GitHub OIDC: a workflow's own token, signed by GitHub, says which run of which repository sends
// it. Anybody's workflow can have one made for our audience, so who may enqueue is still decided by
// ALLOWED_REPOS. Source: GitHub's "OpenID Connect reference".
import { decodeJwt, errors, jwtVerify } from "jose";
import { z } from "zod";
import type { ClassClaims } from "../queue/policy/class-claims.ts";
import { nameFailure, type Trouble, trouble } from "./github-api.ts";
import { createIssuerKeys, KeysUnavailable, loadIssuerKeys } from "./issuer-keys.ts";

export const oidcRefusals = ["oidc_invalid", "oidc_expired", "oidc_audience_wrong", "oidc_issuer_wrong"] as const;

export type OidcResult =
  | {
      readonly kind: "claims";
      readonly repository: string;
      readonly runId: string;
      /** what the job's class follows from */
      readonly ofClass: ClassClaims;
    }
  | { readonly kind: "refused"; readonly code: (typeof oidcRefusals)[number] }
  | Trouble;

export interface OidcCheck {
  /** Never rejects: whatever a stranger sends is a value. */
  verify(token: string): Promise<OidcResult>;
}

const longestToken = 8 * 1024;
const clockToleranceSeconds = 5;
/** A claim that is not as GitHub writes it says nothing; GitHub writes ref_protected as a text. */
const claimsSchema = z.object({
  repository: z.string(),
  run_id: z.string(),
  event_name: z.string().optional().catch(undefined),
  ref_protected: z
    .union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")])
    .optional()
    .catch(undefined),
  workflow_ref: z.string().optional().catch(undefined),
});

/**
 * @param issuers whose word counts; each has keys of its own, which are good for its tokens alone
 */
export function createOidcCheck(issuers: readonly string[], audience: string): OidcCheck {
  const keysOf = new Map(
    issuers.map((issuer) => [
      issuer,
      createIssuerKeys(
        () => loadIssuerKeys(issuer),
        () => performance.now(),
      ),
    ]),
  );
  return {
    verify: async (token) => {
      if (token.length > longestToken) return { kind: "refused", code: "oidc_invalid" };
      try {
        // Before any key is looked up: another issuer's keys are none of ours, and nothing is
        // believed of the token by this.
        const { iss: issuer = "" } = decodeJwt(token);
        const keys = keysOf.get(issuer);
        if (keys === undefined) return { kind: "refused", code: "oidc_issuer_wrong" };
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          // GitHub signs with this one only; a list keeps "none" and a public key used as a secret
          // (HS256) out
          algorithms: ["RS256"],
          clockTolerance: clockToleranceSeconds,
          requiredClaims: ["exp", "repository", "run_id"],
        });
        const claims = claimsSchema.safeParse(payload);
        if (!claims.success) return { kind: "refused", code: "oidc_invalid" };
        const { repository, run_id: runId, event_name, ref_protected, workflow_ref } = claims.data;
        const ofClass = { eventName: event_name, refProtected: ref_protected, workflowRef: workflow_ref };
        return { kind: "claims", repository, runId, ofClass };
      } catch (error) {
        return decideFailure(error);
      }
    },
  };
}

/**
 * What jose objects to is the token's fault, unless the keys could not be had, or are of no use.
 */
function decideFailure(error: unknown): OidcResult {
  if (error instanceof KeysUnavailable) return trouble(`keys of the OIDC issuer: ${error.message}`);
  if (error instanceof errors.JWTExpired) return { kind: "refused", code: "oidc_expired" };
  if (error instanceof errors.JWTClaimValidationFailed) {
    return { kind: "refused", code: error.claim === "aud" ? "oidc_audience_wrong" : "oidc_invalid" };
  }
  return error instanceof errors.JOSEError
    ? { kind: "refused", code: "oidc_invalid" }
    : trouble(`keys of the OIDC issuer: ${nameFailure(error)}`);
}
