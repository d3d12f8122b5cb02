// The documents that the API answers, as JSON schemas. Tests hold real replies against them.
import { happenings } from "../../queue/history.ts";
import { jobStates } from "../../queue/job/job.ts";
import { problems } from "../problem.ts";
import { type Json, ref } from "./parts.ts";

const text = { type: "string" };
const textOrNull = { type: ["string", "null"] };
const time = { type: "string", format: "date-time" };
const timeOrNull = { type: ["string", "null"], format: "date-time" };
const whole = { type: "integer" };
const wholeOrNull = { type: ["integer", "null"] };
const flag = { type: "boolean" };
const oneOf = (values: readonly string[]): Json => ({ type: "string", enum: values });
const listOf = (items: Json): Json => ({ type: "array", items });
const shape = (properties: Record<string, Json>): Json => ({
  type: "object",
  properties,
  required: Object.keys(properties),
});
const orNull = (schema: Json): Json => ({ oneOf: [schema, { type: "null" }] });

const capacity = { idle: whole, claimed: whole, available: whole, healthy: whole, target: whole };
const act = { by: text, note: text, until: timeOrNull };

export const problemSchema: Json = {
  ...shape({ type: text, title: text, status: whole, code: oneOf(Object.keys(problems)) }),
  properties: {
    type: text,
    title: text,
    status: whole,
    code: oneOf(Object.keys(problems)),
    detail: { ...text, description: "What is wrong in this very request; never what was sent" },
    estimate: { ...ref("Estimate"), description: "With `would_wait_too_long` only" },
    jobs: { ...listOf(ref("BatchJob")), description: "With `batch_refused` only: what stands in the way" },
  },
};

/** For jobs and their runners. */
export const jobSchemas: Json = {
  BatchJob: {
    ...shape({ unique_id: text }),
    properties: { unique_id: text, ticket: text, problem: ref("Problem") },
    description: "Its ticket, or its problem; neither where nothing was enqueued, and not for its sake",
  },
  BatchAnswer: shape({ jobs: listOf(ref("BatchJob")) }),
  Estimate: {
    ...orNull(shape({ low_seconds: whole, high_seconds: whole })),
    description: "How much longer it may take, by the rate at which runners came free; null: unknown",
  },
  Job: shape({
    unique_id: text,
    profile_key: text,
    state: oneOf(jobStates),
    position: { ...wholeOrNull, description: "1 = next; null unless queued" },
    reason: { ...textOrNull, description: "Why it waits, as X-Queue-Reason; asleep; your_turn; null once it is over" },
    estimate: ref("Estimate"),
    runner_count: whole,
    runners_in_hand: whole,
    qualified_repo: text,
    run_id: text,
    class: { ...textOrNull, description: "Of the policy, where the job has one" },
    attempts: whole,
    generation: { ...whole, description: "How often this unique_id was served, this time included" },
    start: {
      description: "What became of its reservation, where that is watched: starting, started, lost or over",
      anyOf: [shape({ state: text, runner: text, monitor: text, since: time }), { type: "null" }],
    },
    enqueued_at: time,
    waited_ms: whole,
  }),
  Rerun: shape({ unique_id: text, profile_key: text, state: text, generation: whole }),
  Explanation: shape({
    unique_id: text,
    profile_key: text,
    state: oneOf(jobStates),
    says: { ...text, description: "The whole as a sentence" },
    waited_ms: whole,
    reason: { ...textOrNull, description: "As in Job" },
    rule: oneOf(["fifo", "fair_share"]),
    flow: {
      ...shape({ repository: text, class: textOrNull, weight: { type: "number" } }),
      description: "Where the line is shared also `rule`: the pattern of the policy that says the weight",
    },
    ahead: listOf(shape({ flow: { type: ["object", "null"] }, jobs: whole, runners: whole })),
    position: wholeOrNull,
    fifo_position: wholeOrNull,
    may_still_pass: {
      ...whole,
      description:
        "Jobs of one runner, of the flows that are in line, that may yet pass it. Where the line is shared, may_pass says it flow by flow, and may_pass_of_newcomer of one that is not in line yet, as if it had the policy's largest weight",
    },
    limit: { type: ["object", "null"], description: "What holds it back: scope, name, max_runners, in_use" },
    waits: {
      ...listOf(
        shape({
          reason: text,
          since: time,
          lasted_ms: whole,
          jobs_ahead: whole,
          runners_ahead: whole,
          monitor: { ...textOrNull, description: "Without its drain or refusals the job's turn would have come" },
          says: text,
        }),
      ),
      description: "Each stretch of its wait, the first one first; of more than six the longest",
    },
    tries: {
      ...listOf(shape({ at: time, monitor: text, outcome: text, words: text, times: whole, says: text })),
      description: "What the monitors that were asked said; the same words are counted",
    },
    runners: { ...listOf(text), description: "monitor/id of each runner that it got" },
    runner_names: { ...listOf(text), description: "What GitHub calls them, as far as known" },
  }),
  Expedited: shape({
    unique_id: text,
    profile_key: text,
    state: oneOf(["queued", "claimed"]),
    expedited: { type: "boolean" },
    by: text,
    note: text,
  }),
  CancelledJob: shape({ unique_id: text, profile_key: text, state: oneOf(jobStates) }),
  ReservedRunner: {
    ...shape({
      id: { type: ["integer", "string"], description: "The monitor's own id of the runner" },
      runner: { type: "object", description: "What the monitor says of it, as it says it" },
    }),
    description: "A runner that is labelled `reserved-for:<unique_id>` at GitHub. There may be more fields",
  },
  TakeAnswer: {
    oneOf: [
      ref("ReservedRunner"),
      { ...listOf(ref("ReservedRunner")), minItems: 1, maxItems: 1000 },
      { type: "null", description: "Taking failed for good: fall back" },
    ],
    description: "One runner comes as its monitor writes it: an object, or a list of one. Several come as one list",
  },
};

const endFigures = {
  served: { ...whole, description: "Jobs that got their runners" },
  failed: { ...whole, description: "Answered null after MAX_ATTEMPTS refusals" },
  abandoned: { ...whole, description: "Nobody asked for them in time" },
  cancelled: { ...whole, description: "By their owner, an operator, or GitHub" },
  refused: { ...whole, description: "At enqueue, by max_wait" },
  fell_back: { ...whole, description: "Failed, abandoned or refused: as far as the queue can know" },
  wait_p50_ms: { ...wholeOrNull, description: "Of those served; exact to some per cent" },
  wait_p95_ms: wholeOrNull,
};
const minuteFigures = {
  minutes_seen: { ...whole, description: "Minutes in which the queue ran and looked" },
  mean_waiting: { type: ["number", "null"] },
  mean_idle: { type: ["number", "null"] },
  idle_beside_waiting_minutes: {
    ...whole,
    description: "Runners times minutes that stood idle while present jobs could have used them",
  },
};

/** For operators, and for whoever looks on. */
export const dashboardSchemas: Json = {
  Act: shape({ by: text, note: text, at: time, until: timeOrNull }),
  MonitorAct: shape({ monitor: text, draining: flag, ...act }),
  ProfileStanding: shape({
    profile_key: text,
    paused: flag,
    waiting_jobs: whole,
    wanted_runners: { ...whole, description: "What those jobs need" },
    free_runners: { ...whole, description: "What may be claimed now" },
    servable_runners: { ...whole, description: "A job that asks for more cannot be served now" },
    estimate: { ...ref("Estimate"), description: "Of one more job for one runner" },
  }),
  Forgotten: shape({ forgotten: text, ...act }),
  ProfileAct: shape({ profile_key: text, paused: flag, ...act }),
  WaitingJob: shape({
    unique_id: text,
    position: { ...wholeOrNull, description: "1 = next; null while it is claimed" },
    state: oneOf(jobStates),
    estimate: { ...ref("Estimate"), description: "How long until its turn; null where it is unknown" },
    reason: { ...text, description: "Why it waits: an X-Queue-Reason, asleep (its next poll is overdue) or your_turn" },
    qualified_repo: text,
    run_id: text,
    run_url: text,
    runner_count: whole,
    runners_in_hand: whole,
    attempts: whole,
    enqueued_at: time,
    waited_ms: whole,
    presence: {
      ...oneOf(["connected", "polls", "github"]),
      description: "connected: its request is held. github: nobody polls, GitHub says that it waits",
    },
    last_poll_at: { ...timeOrNull, description: "Written down at most once per TOUCH_INTERVAL" },
    monitors: { ...listOf(text), description: "Those that are being asked" },
  }),
  Entry: shape({
    at: time,
    what: oneOf(happenings),
    profile_key: text,
    unique_id: textOrNull,
    qualified_repo: textOrNull,
    run_id: textOrNull,
    run_url: textOrNull,
    runner_count: wholeOrNull,
    attempts: wholeOrNull,
    waited_ms: wholeOrNull,
    monitors: listOf(text),
    runners: { ...listOf(text), description: "monitor/id of each runner that was given out" },
    runner_names: { ...listOf(text), description: "What GitHub calls them, as far as known" },
    by: textOrNull,
    note: textOrNull,
    until: timeOrNull,
  }),
  Dashboard: shape({
    at: time,
    version: text,
    store: oneOf(["embedded", "redis"]),
    unique_ids: {
      ...oneOf(["whole", "shortened"]),
      description: "Whole with an operator's token or DASHBOARD_TOKEN; else the first 8 characters of each",
    },
    profiles: listOf(
      shape({
        profile_key: text,
        paused: orNull(ref("Act")),
        waiting: whole,
        runners_wanted: whole,
        oldest_waited_ms: wholeOrNull,
        capacity: shape(capacity),
        jobs: { ...listOf(ref("WaitingJob")), description: "The first hundred of the line, claimed ones included" },
        chart: {
          ...listOf(shape({ at: time, waiting: whole, idle: whole })),
          description: "A sample a minute, one hour",
        },
      }),
    ),
    monitors: listOf(
      shape({
        name: text,
        fetches: { type: "boolean", description: "It fetches its takes; others are called" },
        state: oneOf(["unknown", "failing", "fresh", "stale"]),
        answered_at: timeOrNull,
        failures: whole,
        next_ask_at: timeOrNull,
        draining: orNull(ref("Act")),
        backing_off_until: timeOrNull,
        takes: { type: "object", additionalProperties: whole },
        profiles: listOf(
          shape({
            profile_key: text,
            ...capacity,
            refused_in_a_row: { ...whole, description: "Takes; one that succeeds ends it" },
          }),
        ),
      }),
    ),
    running_count: { ...whole, description: "How many run; the first 200 are listed" },
    running: { ...listOf(ref("RunningRunner")), description: "Runners that are reserved for a job or busy with it" },
    ends: listOf(ref("Entry")),
  }),
  RunningRunner: shape({
    runner: { ...text, description: "monitor/id" },
    runner_name: { ...textOrNull, description: "What GitHub calls it" },
    monitor: text,
    state: {
      ...oneOf(["starting", "started", "lost"]),
      description: "lost: its job did not start on it, as the start watch found",
    },
    since: time,
    profile_key: { ...textOrNull, description: "Null, as what follows: the queue knows no job of this id" },
    unique_id: text,
    qualified_repo: textOrNull,
    run_id: textOrNull,
    run_url: textOrNull,
  }),
  Stats: shape({
    at: time,
    period: oneOf(["day", "week"]),
    from: time,
    step_minutes: whole,
    profiles_left_out: { ...whole, description: "Of more than a hundred: ask for each by its name" },
    profiles: listOf(
      shape({
        profile_key: text,
        ...endFigures,
        ...minuteFigures,
        steps: {
          ...listOf(shape({ at: time, ...endFigures, ...minuteFigures })),
          description: "The oldest first; the last one is not over",
        },
        repositories: {
          ...listOf(shape({ qualified_repo: textOrNull, ...endFigures })),
          description: "The twenty with the most jobs, in lower case; null: all others",
        },
      }),
    ),
  }),
  History: shape({ entries: listOf(ref("Entry")) }),
};
