// A closed list for a text that is open: why GitHub was of no use. A label has only these values,
// whatever a library makes up.

export const githubTroubles = [
  "rate_limit",
  "status_5xx",
  "status_other",
  "timed_out",
  "not_reached",
  "unusable_answer",
] as const;
export type GithubTrouble = (typeof githubTroubles)[number];

export function decideGithubTrouble(why: string): GithubTrouble {
  if (why.includes("rate limit")) return "rate_limit";
  if (/\bstatus 5/.test(why)) return "status_5xx";
  if (/\bstatus \d/.test(why)) return "status_other";
  if (/\b(TimeoutError|AbortError|ETIMEDOUT)$/.test(why)) return "timed_out";
  return /(^|: )([A-Z][A-Z0-9_]+|\w+Error)$/.test(why) ? "not_reached" : "unusable_answer";
}
