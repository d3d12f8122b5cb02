// One request to GitHub's REST API: bounded in time and size, never following a redirect, obeying
// the rate limits. Every failure is a value: "trouble" is GitHub's or ours, and never says anything
// about whoever wants to enqueue.
import { readBytes } from "../bounded-body.ts";
import type { Observe } from "../queue/events.ts";
import { decidePause, type GithubBudget, isShareSpent, readBudget } from "./github-budget.ts";

export interface Trouble {
  readonly kind: "trouble";
  /** for logs; never holds what was asked or answered */
  readonly why: string;
  readonly retryAfterSeconds: number;
  /** whoever asked may have brought it about by what he asked for: it counts as his look-up */
  readonly isSuspicious: boolean;
  /** nothing is wrong: the rest of the hourly budget is left to others */
  readonly isSparing?: boolean;
}

export type GithubReply =
  | { readonly kind: "reply"; readonly status: number; readonly headers: Headers; readonly body: Uint8Array | null }
  | Trouble;

export interface GithubRequest {
  readonly method: "GET" | "POST";
  /** below the API's URL, beginning with a slash */
  readonly path: string;
  readonly authorization: string | null;
  /** whose hourly budget it spends */
  readonly account: string;
  /** rejected credentials may be replaced at once by better ones */
  readonly mayRenew?: boolean;
  readonly signal: AbortSignal;
  readonly etag?: string | undefined;
  /** not sent where less than this share of the hourly budget would be left, 0 to 1 */
  readonly shareLeft?: number | undefined;
}

export type GithubApi = (request: GithubRequest) => Promise<GithubReply>;

const userAgent = "runner-queue";
/** A page of 100 artifacts is about 150 KB. */
const longestBody = 2 * 1024 * 1024;
/**
 * Clients are never told to come back later than this: curl gives up at once when Retry-After is
 * beyond its --retry-max-time.
 */
const longestRetryAfterSeconds = 30;

/** Bad credentials do not get better by trying; GitHub locks out who goes on. */
const rejectedPauseMs = 5_000;

/** @param now ms since 1970 */
export function createGithubApi(apiUrl: string, observe: Observe, now: () => number): GithubApi {
  const base = apiUrl.replace(/\/+$/, "");
  const pausedUntil = new Map<string, number>();
  const budgets = new Map<string, GithubBudget>();

  return async function askGithub({ method, path, authorization, account, mayRenew, signal, etag, shareLeft }) {
    const pause = (pausedUntil.get(account) ?? 0) - now();
    if (pause > 0) return trouble("rate limit", pause);
    const known = budgets.get(account);
    if (shareLeft !== undefined && known !== undefined && isShareSpent(known, shareLeft, now()))
      return { ...trouble("budget"), isSparing: true };
    let reply: GithubReply;
    try {
      const response = await fetch(base + path, {
        method,
        redirect: "manual",
        headers: {
          accept: "application/vnd.github+json",
          "x-github-api-version": "2022-11-28",
          "user-agent": userAgent,
          ...(authorization === null ? {} : { authorization }),
          ...(etag === undefined ? {} : { "if-none-match": etag }),
        },
        signal,
      });
      const body = await readBytes(response, longestBody);
      reply = { kind: "reply", status: response.status, headers: response.headers, body };
    } catch (error) {
      return trouble(nameFailure(error));
    }
    const budget = readBudget(reply.headers);
    if (budget !== null) budgets.set(account, budget);
    if (budget !== null) observe({ kind: "github_budget", account, ...budget });
    const says = reply.status === 403 ? new TextDecoder().decode(reply.body?.subarray(0, 1000)) : "";
    const until = decidePause(reply.status, reply.headers, says, now());
    // Only ever longer: replies come in any order, and one that was under way says nothing of a
    // limit that began since.
    if (until > 0) pausedUntil.set(account, Math.max(until, pausedUntil.get(account) ?? 0));
    if (reply.status === 401 && !mayRenew) pausedUntil.set(account, now() + rejectedPauseMs);
    if (until > 0 && reply.status >= 400) return trouble("rate limit", until - now());
    if (reply.status >= 500 || reply.status === 408) return trouble(`status ${reply.status}`);
    return reply;
  };
}

/** @param forMs how long it is sure to last, where that is known */
export function trouble(why: string, forMs = 2_000, isSuspicious = false): Trouble {
  const seconds = Math.ceil(Math.max(1000, forMs) / 1000);
  return { kind: "trouble", why, retryAfterSeconds: Math.min(longestRetryAfterSeconds, seconds), isSuspicious };
}

/**
 * Statuses that say that what was asked for is not there for us: gone, renamed, or not even a valid
 * name.
 */
export function isAboutTheQuestion(status: number): boolean {
  return [301, 308, 400, 404, 410, 422, 451].includes(status);
}

/** Name or code of a failed fetch; messages may quote addresses and credentials. */
export function nameFailure(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const cause = error.cause as { code?: unknown } | undefined;
  return typeof cause?.code === "string" ? cause.code : error.name;
}
