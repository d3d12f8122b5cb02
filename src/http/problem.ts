// THE status table: the only file that knows status codes. curl --retry reads them, so two kinds of
// reply are told apart:
//
// - a refusal is final: a 4xx that curl does not retry, with an RFC 9457 body that a workflow log
//   can print;
// - "not now" is retried: 429 or 503, with an empty body, for curl appends the body of every failed
//   try to its output file. What it is about goes into X-Queue-Reason.
import type { Estimate } from "../queue/fleet/freed-rate.ts";
import { waitReasons } from "../queue/line/turn.ts";
import { reasonsPath, retryMessages } from "./retry-messages.ts";

/**
 * Every refusal: its status and what to tell the person who reads it. docs/http-api.md lists them
 * all (checked).
 */
export const problems = {
  malformed_parameter: [400, "A parameter is missing or malformed"],
  repeated_parameter: [400, "A parameter is given twice"],
  class_unknown: [400, "This queue has no class of this name: its operator lists classes in POLICY_FILE"],
  class_not_yours: [400, "Only a bearer of API_TOKENS may name a class: a workflow's follows from its OIDC token"],
  batch_malformed: [400, "The body is not JSON with 1 to 100 well-formed jobs, each unique_id once"],
  policy_invalid: [400, "The body is no policy"],
  bearer_missing: [401, "This route needs an Authorization: Bearer header"],
  bearer_unknown: [403, "The bearer token is not one of those that this route takes"],
  not_an_operator: [403, "The bearer token may enqueue, but not operate the queue: use one of OPERATOR_TOKENS"],
  token_not_for_repository: [
    403,
    "The bearer token is bound to other repositories in API_TOKENS: use the one of this repository",
  ],
  viewer_unknown: [401, "The dashboard is closed: send DASHBOARD_TOKEN as a bearer, or as the password of any user"],
  repository_not_allowed: [403, "The queue does not serve this repository: its operator adds it to ALLOWED_REPOS"],
  tokenless_off: [403, "This queue takes no job without a token: its operator sets ALLOWED_REPOS"],
  oidc_invalid: [403, "The bearer is no OIDC token that GitHub signed for a workflow"],
  oidc_expired: [403, "The OIDC token has expired: ask GitHub for a new one right before you enqueue"],
  oidc_audience_wrong: [403, "The OIDC token was made for another audience than OIDC_AUDIENCE"],
  oidc_issuer_wrong: [403, "The OIDC token is of another issuer than OIDC_ISSUER"],
  oidc_repository_mismatch: [403, "The OIDC token speaks for another repository than qualified_repo"],
  oidc_run_mismatch: [403, "The OIDC token speaks for another run than run_id"],
  run_not_visible: [
    403,
    "GitHub shows the queue no such run: check qualified_repo and run_id, and that the queue may read the repository's Actions",
  ],
  artifact_missing: [
    403,
    "The run has no artifact for this unique_id: upload it before you enqueue, and delete it after",
  ],
  artifact_expired: [403, "The run's artifact for this unique_id has expired or was deleted: upload a new one"],
  artifact_too_old: [403, "The run's artifact for this unique_id is too old: enqueue right after the upload"],
  artifact_too_large: [403, "The run's artifact for this unique_id is too large: it holds one small text file"],
  artifact_malformed: [403, "The run's artifact for this unique_id does not hold what it should"],
  artifact_id_mismatch: [403, "The artifact names another unique_id"],
  artifact_repository_mismatch: [403, "The artifact names another repository than qualified_repo"],
  artifact_run_mismatch: [403, "The artifact names another run than run_id"],
  code_verifier_wrong: [
    403,
    "The artifact has a code_challenge, and code_verifier does not match it: only the step that made the artifact can enqueue",
  ],
  signature_missing: [401, "The webhook takes what GitHub signed: set its secret, as in GITHUB_WEBHOOK_SECRETS"],
  signature_wrong: [403, "The delivery is not signed with one of GITHUB_WEBHOOK_SECRETS"],
  delivery_malformed: [400, "The delivery is no JSON, or no workflow_job event as GitHub sends it"],
  body_malformed: [400, "The body is not of the form that docs/monitors.md shows"],
  snapshot_too_large: [413, "The body is larger than 1 MiB: a monitor lists what is reserved, and no more"],
  boot_superseded: [409, "A newer boot of this monitor speaks for it: this process must stop"],
  monitor_is_called: [409, "This monitor has a URL in MONITORS and is called: only one of name=pull may fetch"],
  leg_withdrawn: [409, "The offer was withdrawn: reserve nothing for it"],
  leg_settled_otherwise: [409, "The leg was settled otherwise before: nothing changes"],
  leg_unknown: [404, "No such leg was offered to this monitor, or it is long over"],
  ticket_missing: [403, "The ticket is missing: pass what enqueue returned as the token parameter"],
  ticket_wrong: [403, "The ticket is not this job's"],
  no_such_route: [404, "There is nothing here"],
  monitor_unknown: [404, "No monitor of this name is in MONITORS"],
  profile_unknown: [404, "No monitor and no job ever named this profile"],
  job_unknown: [404, "No job with this unique_id was ever enqueued here, or it is long over: check the id, or enqueue"],
  job_abandoned: [404, "The job was given up, for nobody asked for it in time: enqueue again"],
  job_cancelled: [404, "The job was cancelled"],
  answer_expired: [
    404,
    "The job's runners were reserved, but the answer is too old to be of use: enqueue under a new unique_id",
  ],
  ticket_expired: [404, "The ticket is too old to bring its job back: enqueue again"],
  method_not_allowed: [405, "This route does not know the method"],
  id_conflict: [
    409,
    "This unique_id is enqueued already, with other parameters: use a new one, or the same parameters",
  ],
  id_used: [409, "This unique_id already had its runners: use a new one"],
  job_over: [409, "The job is over: there is nothing to put to the front"],
  job_not_taken: [409, "The job never had its runners: enqueue it again"],
  monitor_in_use: [409, "The monitor is in MONITORS: take it out there first, at every instance"],
  profile_in_use: [409, "A monitor keeps runners of this profile, or jobs wait for them"],
  job_taken: [409, "The job's runners are reserved already and cannot be given back"],
  body_too_large: [413, "The request's body is too large: only a batch and a policy have one, of 64 KiB at most"],
  delivery_too_large: [413, "The delivery is larger than 1 MiB: GitHub's are not"],
  unsatisfiable: [422, "The fleet has fewer runners of this profile than asked for"],
  above_limit: [422, "The job asks for more runners than its repository, owner or class may have at once"],
  batch_refused: [422, "Not every job of the batch can be in line, so none of it is: see jobs"],
  would_wait_too_long: [422, "It would take longer than max_wait until it is this job's turn: use another runner"],
} as const satisfies Record<string, readonly [status: number, title: string]>;
export type ProblemCode = keyof typeof problems;

/** Every reason of a reply that asks to come back; the first ones are why a job waits. */
export const retryReasons = [
  ...waitReasons,
  "store_unavailable",
  "queue_full",
  "run_queue_full",
  "repository_queue_full",
  "too_many_remembered",
  "github_unavailable",
  "too_many_lookups",
  "lookups_busy",
  "too_many_viewers",
  "too_many_guesses",
  "too_many_connections",
  "draining",
  "starting",
  "misconfigured",
  "restarting",
  "fetch_in_flight",
  "internal_error",
] as const;
export type RetryReason = (typeof retryReasons)[number];

const statusOfReason: Partial<Record<RetryReason, 429 | 500>> = {
  queue_full: 429,
  run_queue_full: 429,
  repository_queue_full: 429,
  too_many_remembered: 429,
  too_many_lookups: 429,
  too_many_guesses: 429,
  internal_error: 500,
};

/**
 * Headers of every reply that says something: nobody keeps it, and nobody takes it for another kind
 * of thing than it says it is.
 */
export const unstored = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/** A refusal as JSON has it, where it stands among others. */
export function describeProblem(
  code: ProblemCode,
  detail: string | undefined,
  members: Readonly<Record<string, unknown>> = {},
) {
  const [status, title] = problems[code];
  const said = detail === undefined ? {} : { detail };
  return { type: `urn:runner-queue:${code}`, title, status, code, ...said, ...members };
}

/** A reply before a runtime sends it. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body, { status, headers });
}

/** A final refusal. `detail` must not echo what the caller sent. */
export function refusal(
  code: ProblemCode,
  detail?: string,
  headers: Readonly<Record<string, string>> = {},
  members: Readonly<Record<string, unknown>> = {},
): Reply {
  const body = describeProblem(code, detail, members);
  return {
    status: body.status,
    headers: { "content-type": "application/problem+json", ...unstored, ...headers },
    body: `${JSON.stringify(body)}\n`,
  };
}

/** The same for a route that answers itself. */
export function refuse(...said: Parameters<typeof refusal>): Response {
  return toResponse(refusal(...said));
}

/** What is said beside each reason: the sentence, and the page that has it. */
const wordsOfReason = Object.fromEntries(
  retryReasons.map((reason) => [
    reason,
    { message: retryMessages[reason], link: `<${reasonsPath}#${reason}>; rel="help"` },
  ]),
) as Readonly<Record<RetryReason, { readonly message: string; readonly link: string }>>;

/** "Not now": empty, retried by curl. */
export function notNow(reason: RetryReason, retryAfterSeconds: number): Reply {
  const { message, link } = wordsOfReason[reason];
  const headers = {
    "content-length": "0",
    "retry-after": String(retryAfterSeconds),
    "x-queue-reason": reason,
    "x-queue-message": message,
    "x-queue-estimate": "unknown",
    link,
    "cache-control": "no-store",
  };
  return { status: statusOfReason[reason] ?? 503, headers, body: null };
}

/** The same for a route that answers itself. */
export function comeBack(reason: RetryReason, retryAfterSeconds: number): Response {
  return toResponse(notNow(reason, retryAfterSeconds));
}

/**
 * The reply to a waiting poll: notNow with a position. Headers in one literal: this is the polled
 * route.
 */
export function waitInLine(
  reason: RetryReason,
  position: number,
  retryAfterSeconds: number,
  estimate: Estimate | null,
  preferenceApplied: string | null = null,
): Reply {
  const { message, link } = wordsOfReason[reason];
  const headers: Record<string, string> = {
    "content-length": "0",
    "retry-after": String(retryAfterSeconds),
    "x-queue-position": String(position),
    "x-queue-reason": reason,
    "x-queue-message": message,
    link,
    "x-queue-estimate": estimate === null ? "unknown" : `${estimate.lowSeconds}-${estimate.highSeconds}`,
    "cache-control": "no-store",
  };
  if (preferenceApplied !== null) headers["preference-applied"] = preferenceApplied;
  return { status: 503, headers, body: null };
}

/** An estimate as JSON has it. */
export function writeEstimate(estimate: Estimate | null) {
  return estimate === null ? null : { low_seconds: estimate.lowSeconds, high_seconds: estimate.highSeconds };
}
