// The public keys of the OIDC issuer, and when it is asked for them. States of what we hold:
//
//   nothing  every token waits for the keys. After a failure the issuer is asked again once
//            failurePauseMs is over.
//   fresh    known keys answer at once. An unknown kid may be a new key: that is worth a question
//            each unknownKidPauseMs.
//   stale    the same, and the next token has the keys fetched anew in the background. While the
//            issuer cannot be reached, known keys stay good for maxAgeMs.
//
// So no stranger's token, and no outage of the issuer, refuses those whose key is known.
// Only one question is under way at a time, and whoever needs its answer shares it.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { readJson } from "../bounded-json.ts";
import { nameFailure } from "./github-api.ts";

export const unknownKidPauseMs = 30_000;
export const failurePauseMs = 1_000;
const staleAfterMs = 600_000;
const maxAgeMs = 24 * 3_600_000;
const maxBytes = 256 * 1024;
const timeoutMs = 5_000;

/** jose's way to hear of it: the keys could not be had, so nothing is known of the token. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/** @param load rejects with KeysUnavailable where there is nothing to be had */
export function createIssuerKeys(load: () => Promise<JSONWebKeySet>, now: () => number): JWTVerifyGetKey {
  let held: { readonly find: ReturnType<typeof createLocalJWKSet>; readonly heardAt: number } | null = null;
  let failedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<ReturnType<typeof createLocalJWKSet>> | null = null;

  const ask = async (): Promise<ReturnType<typeof createLocalJWKSet>> => {
    try {
      const find = createLocalJWKSet(await load());
      held = { find, heardAt: now() };
      return find;
    } catch (error) {
      failedAt = now();
      throw error instanceof KeysUnavailable ? error : new KeysUnavailable("unusable");
    } finally {
      asking = null;
    }
  };
  const refresh = (): Promise<ReturnType<typeof createLocalJWKSet>> => {
    if (asking === null && now() - failedAt < failurePauseMs) {
      return Promise.reject(new KeysUnavailable("failed a moment ago"));
    }
    asking ??= ask();
    return asking;
  };

  return async function findKey(header, token) {
    if (held === null || now() - held.heardAt >= maxAgeMs) return await (await refresh())(header, token);
    const { find, heardAt } = held;
    if (now() - heardAt >= staleAfterMs) refresh().catch(() => {});
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || now() - heardAt < unknownKidPauseMs) throw error;
      return await (await refresh())(header, token);
    }
  };
}

/**
 * The keys as the issuer publishes them: GitHub at `/.well-known/jwks`, others where their own
 * description says.
 */
export async function loadIssuerKeys(issuer: string): Promise<JSONWebKeySet> {
  const base = issuer.replace(/\/+$/, "");
  try {
    const keys = (await loadDocument(`${base}/.well-known/jwks`)) ?? (await loadDocument(await findKeysUrl(base)));
    if (keys === null) throw new KeysUnavailable("status 404");
    // createLocalJWKSet looks at it
    return keys as JSONWebKeySet;
  } catch (error) {
    throw error instanceof KeysUnavailable ? error : new KeysUnavailable(nameFailure(error));
  }
}

const descriptionSchema = z.object({ jwks_uri: z.url() });

/** By OpenID Connect Discovery. Keys that lie on another host than the issuer are none of its. */
async function findKeysUrl(base: string): Promise<string> {
  const description = descriptionSchema.safeParse(await loadDocument(`${base}/.well-known/openid-configuration`));
  if (!description.success) throw new KeysUnavailable("status 404");
  const { jwks_uri: url } = description.data;
  if (new URL(url).origin !== new URL(base).origin) throw new KeysUnavailable("keys on another host");
  return url;
}

/** Null: there is none (404). */
async function loadDocument(url: string): Promise<unknown> {
  const response = await fetch(url, {
    redirect: "manual",
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    if (response.status === 404) return null;
    throw new KeysUnavailable(`status ${response.status}`);
  }
  const body = await readJson(response, maxBytes);
  if (body.kind === "unreadable") throw new KeysUnavailable(body.why);
  return body.value;
}
