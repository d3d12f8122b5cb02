// The hourly budget of GitHub's REST API: one request costs one. GitHub keeps a budget per account;
// here there is one.

export interface Budget {
  limit: number;
  remaining: number;
  /** Seconds since 1970. */
  resetAt: number;
}

const hourSeconds = 3600;

/** @param now ms since 1970 */
export function createBudget(now: number): Budget {
  return { limit: 5000, remaining: 5000, resetAt: Math.floor(now / 1000) + hourSeconds };
}

/** Whether there was something left to spend. @param now ms since 1970 */
export function spend(budget: Budget, now: number): boolean {
  if (budget.resetAt * 1000 <= now) {
    budget.remaining = budget.limit;
    budget.resetAt = Math.floor(now / 1000) + hourSeconds;
  }
  if (budget.remaining <= 0) return false;
  budget.remaining -= 1;
  return true;
}

export function budgetHeaders({ limit, remaining, resetAt }: Budget): Record<string, string> {
  return {
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(resetAt),
    "x-ratelimit-used": String(limit - remaining),
    "x-ratelimit-resource": "core",
  };
}
