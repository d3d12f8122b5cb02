// The OIDC issuer over HTTP: its public keys, and the tokens that a running job may ask for.
import type { ServerResponse } from "node:http";
import { empty, json, notFound, refusal, sendAnswer } from "./answer.ts";
import type { GithubState } from "./github-state.ts";
import type { SeenRequest } from "./request-log.ts";

export const idTokenPath = "/_apis/idtoken";
export const wellKnownPath = "/.well-known/";

export async function answerWellKnown(
  state: GithubState,
  seen: SeenRequest,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const { faults } = state;
  if (seen.headers.authorization !== undefined) state.log.object(seen, "Authorization sent to the OIDC issuer");
  if (faults.jwksHang) return;
  if (faults.jwksStatus !== null) return sendAnswer(response, empty(faults.jwksStatus));
  switch (seen.method === "GET" ? url.pathname : null) {
    case `${wellKnownPath}jwks`:
      return sendAnswer(response, json(200, await state.idTokens.jwks()));
    case `${wellKnownPath}openid-configuration`:
      return sendAnswer(response, json(200, writeConfiguration(state.url)));
    default:
      state.log.object(seen, "unknown route");
      return sendAnswer(response, notFound);
  }
}

/** For a job with `id-token: write`, which appends `&audience=` to the URL it was given. */
export async function answerIdToken(
  state: GithubState,
  seen: SeenRequest,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  if (seen.method !== "GET" || seen.headers.authorization !== `Bearer ${state.idTokenRequestToken}`) {
    state.log.object(seen, "asked for an id token without the job's own bearer token");
    return sendAnswer(response, refusal(401, "Unauthorized"));
  }
  const audience = url.searchParams.get("audience");
  const value = await state.idTokens.issue(
    { ...state.idTokensFor, ...(audience === null ? {} : { aud: audience }) },
    {},
  );
  sendAnswer(response, json(200, { count: value.length, value }));
}

function writeConfiguration(issuer: string): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: `${issuer}${wellKnownPath}jwks`,
    subject_types_supported: ["public", "pairwise"],
    response_types_supported: ["id_token"],
    claims_supported: ["sub", "aud", "exp", "iat", "iss", "jti", "nbf", "repository", "run_id"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid"],
  };
}
