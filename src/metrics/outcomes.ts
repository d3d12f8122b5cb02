// Closed lists for texts that are open: what a leg came to, why GitHub was of no use, where an error was. A label has only these values,
// whatever a monitor or a library makes up.

export const takeOutcomes = [
  "taken",
  /** certainly nothing reserved: never reached, or our token or route rejected */
  "refused",
  /** it answered `null`: no idle runner, or GitHub refused the label */
  "null",
  "status_5xx",
  "status_other",
  "unreadable",
  "timed_out",
  "connection_lost",
  /** three that never left this house */
  "unsent",
  "monitor_busy",
  "too_late_to_send",
] as const;
export type TakeOutcomeLabel = (typeof takeOutcomes)[number];

const ourShortage = /^(E[MN]FILE|EADDRNOTAVAIL|EAGAIN|ENOBUFS|ENOMEM)$/;
const errorCode = /^([A-Z][A-Z0-9_]+|\w*Error|error)$/;

/** @param text a leg's outcome as its event tells it */
export function decideTakeOutcome(text: string): TakeOutcomeLabel {
  const same = takeOutcomes.find((outcome) => outcome === text);
  if (same !== undefined) return same;
  if (text.startsWith("status 5")) return "status_5xx";
  if (text.startsWith("status ")) return "status_other";
  if (text === "TimeoutError" || text === "ETIMEDOUT") return "timed_out";
  if (ourShortage.test(text)) return "unsent";
  return errorCode.test(text) ? "connection_lost" : "unreadable";
}

export const verdicts = ["taken", "refused", "found_elsewhere", "other"] as const;
export type Verdict = (typeof verdicts)[number];

export function decideVerdict(text: string): Verdict {
  return verdicts.find((verdict) => verdict === text) ?? "other";
}

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

export const troublePlaces = [
  "http",
  "poller",
  "sweeper",
  "claim",
  "settle",
  "reconcile",
  "artifact",
  "other",
] as const;
export type TroublePlace = (typeof troublePlaces)[number];

/** @param where the event's word; one profile's trouble is named after the profile, "sweeper of linux" */
export function decideTroublePlace(where: string): TroublePlace {
  const [first] = where.split(" ");
  return troublePlaces.find((place) => place === first) ?? "other";
}
