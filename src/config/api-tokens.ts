// API_TOKENS: `token` speaks for every repository, `owner/=token` and `owner/repo=token` for these
// only.
import { z } from "zod";
import { splitList } from "./plain-text.ts";
import { isHeaderSafe } from "./value-kinds.ts";

export interface ApiToken {
  readonly token: string;
  /** `owner/` or `owner/repo`; null: every repository. */
  readonly scope: string | null;
}

export interface ScopedApiToken extends ApiToken {
  readonly scope: string;
}

export const apiTokens = z.string().transform((text, context): ApiToken[] => {
  const tokens = splitList(text).map(parseApiToken);
  if (tokens.length === 0) context.addIssue("has no token in it");
  else if (!tokens.every(({ token }) => isHeaderSafe(token)))
    context.addIssue("holds a token with a space or a character outside ASCII");
  else if (tokens.every(({ scope }) => scope !== null))
    context.addIssue("has no token that speaks for every repository: the first of these signs tickets");
  const unbound = new Set(tokens.flatMap(({ token, scope }) => (scope === null ? [token] : [])));
  if (tokens.some(({ token, scope }) => scope !== null && unbound.has(token)))
    context.addIssue("lists one token both for some repositories and for all");
  return tokens;
});

export function isScoped(token: ApiToken): token is ScopedApiToken {
  return token.scope !== null;
}

/**
 * Base64 may hold a slash and end in `=` or `==`: what follows the sign must be more than such
 * signs.
 */
function parseApiToken(part: string): ApiToken {
  const [, scope, token] = /^([A-Za-z0-9][A-Za-z0-9_-]{0,38}\/[A-Za-z0-9._-]{0,100})=(?!=*$)(.+)$/.exec(part) ?? [];
  return scope === undefined || token === undefined ? { token: part, scope: null } : { token, scope };
}
