// API tokens: which repositories each of them speaks for, and what else follows from a token's
// scope. A token that is bound to repositories signs no tickets, calls no monitor and operates
// nothing: whoever holds it could do all that for everybody.
import { isRepoAllowed } from "./allowed-repos.ts";
import { createTokenMatcher } from "./bearer.ts";

export interface ApiToken {
  readonly token: string;
  /** `owner/` or `owner/repo`; null: it speaks for every repository */
  readonly scope: string | null;
}

/** Whoever presented one of the API tokens. */
export interface ApiCaller {
  /** @param qualifiedRepo owner/repo, checked before */
  maySpeakFor(qualifiedRepo: string): boolean;
  /** it speaks for these repositories only */
  readonly isBound: boolean;
}

export interface ApiTokenCheck {
  /** Null: it is none of them. */
  identify(presented: string): Promise<ApiCaller | null>;
}

/** A token may be listed several times: then it speaks for all of its scopes. */
export async function createApiTokenCheck(apiTokens: readonly ApiToken[]): Promise<ApiTokenCheck> {
  const matcher = await createTokenMatcher(apiTokens.map(({ token, scope }) => ({ token, value: scope })));
  return {
    identify: async (presented) => {
      const scopes = await matcher.match(presented);
      if (scopes.length === 0) return null;
      const bound = scopes.filter((scope) => scope !== null);
      const isUnbound = bound.length < scopes.length;
      return { isBound: !isUnbound, maySpeakFor: (qualifiedRepo) => isUnbound || isRepoAllowed(bound, qualifiedRepo) };
    },
  };
}

/**
 * What ticket keys are derived from. Both kinds of secret give keys in the same way, so that
 * TICKET_KEYS can be set later on: with today's first API token listed behind the new key, no
 * ticket is lost.
 */
export function ticketSecretsOf(
  ticketKeys: readonly string[] | undefined,
  apiTokens: readonly ApiToken[],
): readonly string[] {
  return ticketKeys ?? apiTokens.filter(({ scope }) => scope === null).map(({ token }) => token);
}
