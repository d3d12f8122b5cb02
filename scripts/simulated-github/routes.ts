// Who answers which request: the API, its blobs, or the OIDC issuer, which in truth are three
// hosts.
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerApi } from "./api-routes.ts";
import { answerBlob } from "./blob-route.ts";
import type { GithubState } from "./github-state.ts";
import { answerIdToken, answerWellKnown, idTokenPath, wellKnownPath } from "./oidc-routes.ts";

export async function route(state: GithubState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A body is of no interest, but unread it would hold up the connection.
  request.resume();
  const seen = state.log.record(request, response);
  const url = new URL(seen.path.replace(/^\/*/, "/"), state.url);
  if (url.pathname.startsWith("/blob/")) return answerBlob(state, seen, url, response);
  if (url.pathname.startsWith(wellKnownPath)) return await answerWellKnown(state, seen, url, response);
  if (url.pathname === idTokenPath) return await answerIdToken(state, seen, url, response);
  await answerApi(state, seen, url, response);
}
