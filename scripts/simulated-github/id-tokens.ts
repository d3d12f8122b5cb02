// The OIDC issuer: the one key it signs workflows' tokens with, and what such a token says. A key
// is made when it is first needed, since that takes a tenth of a second and few tests need one.
import { generateKeyPair, type JsonWebKey, type KeyObject, randomBytes, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { signJwt } from "./sign-jwt.ts";

export interface IdTokens {
  issue(claims: Record<string, unknown>, header: Record<string, unknown>): Promise<string>;
  rotate(): Promise<void>;
  /** The public keys that are good now. */
  jwks(): Promise<{ keys: JsonWebKey[] }>;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Whose token it is unless told otherwise. */
export const usualRepository = "octo-org/octo-repo";
export const usualRunId = "29679449";

const lifeSeconds = 300;
/** GitHub's tokens are good from before they are issued: clocks differ. */
const earlierSeconds = 600;

export function createIdTokens(issuer: string): IdTokens {
  let signingKey: Promise<SigningKey> | null = null;
  const useKey = () => {
    signingKey ??= makeKey();
    return signingKey;
  };

  return {
    async issue(claims, header) {
      const key = await useKey();
      return signJwt(
        { typ: "JWT", alg: "RS256", kid: key.kid, ...header },
        { ...usualClaims(issuer, claims), ...claims },
        key,
      );
    },
    async rotate() {
      signingKey = makeKey();
      await signingKey;
    },
    async jwks() {
      const { kid, publicKey } = await useKey();
      return { keys: [{ ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" }] };
    },
  };
}

async function makeKey(): Promise<SigningKey> {
  const pair = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return { kid: randomBytes(20).toString("hex").toUpperCase(), ...pair };
}

/**
 * All that GitHub puts into a token of a push to main; what hangs on the claims that were asked for
 * agrees with them.
 */
function usualClaims(iss: string, { repository, run_id, iat }: Record<string, unknown>): Record<string, unknown> {
  const issuedAt = typeof iat === "number" ? iat : Math.floor(Date.now() / 1000);
  const fullName = typeof repository === "string" ? repository : usualRepository;
  const [owner = ""] = fullName.split("/");
  const ref = "refs/heads/main";
  const workflow = `${fullName}/.github/workflows/ci.yml@${ref}`;
  const sha = "328faa0536e6fef19753d9d91dc96a9931694ce3";
  return {
    jti: randomUUID(),
    sub: `repo:${fullName}:ref:${ref}`,
    aud: `https://github.com/${owner}`,
    iss,
    iat: issuedAt,
    nbf: issuedAt - earlierSeconds,
    exp: issuedAt + lifeSeconds,
    ref,
    ref_type: "branch",
    ref_protected: "true",
    sha,
    repository: fullName,
    repository_id: "1296269",
    repository_owner: owner,
    repository_owner_id: "65",
    repository_visibility: "public",
    actor: "octocat",
    actor_id: "12",
    workflow: "CI",
    workflow_ref: workflow,
    workflow_sha: sha,
    job_workflow_ref: workflow,
    job_workflow_sha: sha,
    head_ref: "",
    base_ref: "",
    event_name: "push",
    run_id: run_id ?? usualRunId,
    run_number: "10",
    run_attempt: "1",
    runner_environment: "github-hosted",
  };
}
