// Why a caller has to come back, as a sentence for the log of whoever waits: X-Queue-Message, and
// the page that Link leads to. Written once, at the start: the polled route looks them up.
import type { WaitReason } from "../queue/line/turn.ts";

/** Where the sentences stand as a page, each under its reason. */
export const reasonsPath = "/reasons";

export const retryMessages = {
  no_capacity: "No runner of this profile is free for the job yet.",
  not_your_turn: "Runners are free, but jobs ahead need them.",
  monitors_busy: "It is the job's turn; the monitors are busy with other takes for a second.",
  monitor_refuses: "There are idle runners, but their monitor refused the last takes. It is asked again.",
  unsatisfiable_now: "The job asks for more runners than all monitors keep right now. Its place stays.",
  fleet_unknown: "No monitor was heard of for a minute, or since the start.",
  profile_paused: "An operator paused the profile. All places are kept.",
  claim_in_flight: "A monitor is being asked for the job's runners.",
  reconciling: "A reply was lost. What is reserved is found out before anybody else is asked.",
  repository_limit: "The job's repository, owner or class has as many runners as the policy allows. Its place stays.",
  store_unavailable: "The queue's store does not answer. Places are kept.",
  queue_full: "As many jobs wait as MAX_QUEUE_DEPTH allows.",
  run_queue_full: "As many jobs of this run wait as MAX_JOBS_PER_RUN allows.",
  repository_queue_full:
    "As many jobs of this repository, owner or class wait as MAX_JOBS_PER_REPO or the policy allows.",
  too_many_remembered: "As many jobs that are over are remembered as MAX_REMEMBERED_JOBS allows.",
  github_unavailable: "GitHub does not answer, or its rate limit is used up.",
  too_many_lookups: "This caller had too many artifacts looked up that proved nothing.",
  lookups_busy: "All callers together have too many artifacts looked up.",
  too_many_viewers: "Too many look on at this instance.",
  too_many_guesses: "This address asked for too many jobs without a good ticket.",
  too_many_connections: "This address has too many connections open.",
  draining: "This instance is about to stop.",
  starting: "This instance has just started, and asks the monitors first.",
  misconfigured: "The queue's settings are wrong: its log says how.",
  restarting: "The queue moved in the middle of the request.",
  fetch_in_flight: "Another fetch with this X-Runner-Request-Key is under way.",
  internal_error: "This is a bug: please report it.",
} as const satisfies Readonly<Record<WaitReason, string>> & Readonly<Record<string, string>>;
