// GitHub's rate limits as it states them in its headers: what is left of the hourly budget, and
// until when it does not want to be asked. Source: GitHub's REST documentation, "Rate limits" and
// "Best practices".

export interface GithubBudget {
  readonly limit: number;
  readonly remaining: number;
  /** ms since 1970 */
  readonly resetAt: number;
}

/** Without any other word GitHub asks for a minute after a secondary limit. */
const secondaryPauseMs = 60_000;
/** The budget is hourly: a longer pause is a mistake, ours or theirs. */
const longestPauseMs = 3_600_000;

/**
 * What the headers say, or null where they do not (GitHub Enterprise Server has limits only where
 * they were turned on).
 */
export function readBudget(headers: Headers): GithubBudget | null {
  const limit = readWholeNumber(headers.get("x-ratelimit-limit"));
  const remaining = readWholeNumber(headers.get("x-ratelimit-remaining"));
  const resetSeconds = readWholeNumber(headers.get("x-ratelimit-reset"));
  if (limit === null || remaining === null || resetSeconds === null) return null;
  return { limit, remaining, resetAt: resetSeconds * 1000 };
}

/** Whether no more than `share` of the hourly budget (0 to 1) is left, by its last reading. */
export function isShareSpent({ limit, remaining, resetAt }: GithubBudget, share: number, now: number): boolean {
  return resetAt > now && remaining <= limit * share;
}

/**
 * Until when (ms since 1970) nothing may be asked with these credentials; 0 = go on. A 403 is a
 * limit only with a word of it: without, it is about permissions.
 */
export function decidePause(status: number, headers: Headers, says: string, now: number): number {
  const isRefused = status === 403 || status === 429;
  const retryAfterMs = readRetryAfter(headers.get("retry-after"), now);
  const budget = readBudget(headers);
  const cap = (until: number) => Math.min(until, now + longestPauseMs);
  if (isRefused && retryAfterMs !== null) return cap(now + retryAfterMs);
  if (budget?.remaining === 0) return cap(Math.max(budget.resetAt, now + 1000));
  if (status === 429 || (isRefused && /rate limit|abuse/i.test(says))) return now + secondaryPauseMs;
  return 0;
}

/** Seconds or a date (RFC 9110 section 10.2.3), as ms from now. */
function readRetryAfter(text: string | null, now: number): number | null {
  const seconds = readWholeNumber(text);
  if (seconds !== null) return seconds * 1000;
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? null : Math.max(1000, at - now);
}

function readWholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null;
}
