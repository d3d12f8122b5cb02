// What happens, counted from the queue's events. Texts of events are open; their labels here come
// from closed lists.
import { Gauge, Histogram, type Registry } from "prom-client";
import {
  deliveryOutcomes,
  legWords,
  type QueueEvent,
  questionOutcomes,
  troublePlaces,
  verdicts,
} from "../queue/events.ts";
import { StoreUnavailable } from "../queue/store.ts";
import { createCounters } from "./counters.ts";
import { decideGithubTrouble, githubTroubles } from "./github-troubles.ts";
import { createKnownLabels, type KnownLabels, others } from "./known-labels.ts";

const mostAccounts = 50;
const mostCodes = 50;
const endStates = ["taken", "failed", "abandoned", "cancelled"] as const;
type EndEvent = Extract<QueueEvent, { kind: (typeof endStates)[number] }>;

export function createEventMetrics(
  registry: Registry,
  profiles: KnownLabels,
  monitors: KnownLabels,
): { readonly observe: (event: QueueEvent) => void } {
  const counter = createCounters(registry);
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `runner_queue_${name}`, help, labelNames: ["account"], registers: [registry] });

  const claims = counter("claims", "Claims that jobs won", ["profile"]);
  const ended = counter("jobs_ended", "Jobs that are over, by how they ended", ["profile", "state"]);
  const waited = new Histogram({
    name: "runner_queue_wait_duration_seconds",
    help: "From enqueue until the runners were reserved, of jobs that were taken",
    labelNames: ["profile"],
    buckets: [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600],
    registers: [registry],
  });
  const readmissions = counter("readmissions", "Jobs that the store had lost and their tickets brought back", [
    "profile",
  ]);
  const leaked = counter("leaked_runners", "Runners reserved that no job will use", ["profile"]);
  const takes = counter("takes", "Legs, by what came of asking the monitor", ["monitor", "outcome"]);
  const takeTime = new Histogram({
    name: "runner_queue_take_duration_seconds",
    help: "How long a monitor took to answer a take, or until it was given up",
    labelNames: ["monitor"],
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 20, 25, 30, 60],
    registers: [registry],
  });
  const rejections = counter("monitor_rejections", "Takes for which a monitor rejected our token or route", [
    "monitor",
  ]);
  const reconciled = counter("reconciled_legs", "Legs settled by evidence, by verdict", ["monitor", "verdict"]);
  const proofs = counter("proofs_refused", "Enqueues by artifact that were refused, by code", ["code"]);
  const remaining = gauge("github_budget_remaining", "Requests left of GitHub's hourly budget when it was last asked");
  const limit = gauge("github_budget_limit", "GitHub's hourly budget in requests");
  const resetAt = gauge(
    "github_budget_reset_timestamp_seconds",
    "When GitHub's budget is whole again, seconds since 1970",
  );
  const troubles = counter("github_troubles", "Look-ups that GitHub did not answer usably", ["reason"]);
  const githubRejections = counter("github_rejections", "Requests for which GitHub rejected our credentials", []);
  const interruptions = counter("interruptions", "Times in which nobody could be heard, or the clock was set", []);
  const silences = counter("silences", "Times when all who wait fell silent together", ["profile"]);
  const deliveries = counter("github_deliveries", "Deliveries to the webhook, by what came of them", ["outcome"]);
  const questions = counter("github_questions", "Questions to GitHub about a run, by what came of them", ["outcome"]);
  const reruns = counter("reruns", "Jobs that came in line again because GitHub re-runs them", ["profile"]);
  const starts = new Histogram({
    name: "runner_queue_start_seconds",
    help: "From when a runner was reserved until its job ran on it",
    labelNames: ["profile"],
    buckets: [1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 90, 120],
    registers: [registry],
  });
  const lostStarts = counter("lost_starts", "Reserved runners that are gone or idle while GitHub waits for them", [
    "monitor",
  ]);
  const unused = counter("unused_reservations", "Reserved runners on which no job ever ran", ["profile"]);
  const errors = counter("internal_errors", "Errors that should never happen, by where", ["where"]);

  const accounts = createKnownLabels(mostAccounts);
  const codes = createKnownLabels(mostCodes);

  const beginProfile = (profile: string): void => {
    for (const perProfile of [claims, readmissions, leaked, silences, reruns, unused]) perProfile.inc({ profile }, 0);
    for (const state of endStates) ended.inc({ profile, state }, 0);
    waited.zero({ profile });
    starts.zero({ profile });
  };
  const beginMonitor = (monitor: string): void => {
    for (const outcome of legWords) takes.inc({ monitor, outcome }, 0);
    for (const verdict of verdicts) reconciled.inc({ monitor, verdict }, 0);
    rejections.inc({ monitor }, 0);
    lostStarts.inc({ monitor }, 0);
    takeTime.zero({ monitor });
  };
  profiles.onNew(beginProfile);
  monitors.onNew(beginMonitor);
  leaked.inc({ profile: others }, 0);
  for (const reason of githubTroubles) troubles.inc({ reason }, 0);
  for (const outcome of deliveryOutcomes) deliveries.inc({ outcome }, 0);
  for (const outcome of questionOutcomes) questions.inc({ outcome }, 0);
  for (const where of troublePlaces) errors.inc({ where }, 0);

  const countEnd = (event: EndEvent): void => {
    const profile = profiles.admit(event.job.profileKey);
    ended.inc({ profile, state: event.kind });
    if (event.kind === "taken") waited.observe({ profile }, event.waitedMs / 1000);
  };

  return {
    observe: function countEvent(event) {
      switch (event.kind) {
        case "readmitted":
          return readmissions.inc({ profile: profiles.admit(event.job.profileKey) });
        case "claimed":
          return claims.inc({ profile: profiles.admit(event.job.profileKey) });
        case "taken":
        case "failed":
        case "abandoned":
        case "cancelled":
          return countEnd(event);
        case "leg": {
          const monitor = monitors.labelOf(event.monitor);
          const { outcome } = event;
          takes.inc({ monitor, outcome });
          if (outcome !== "monitor_busy" && outcome !== "monitor_drained" && outcome !== "too_late_to_send")
            takeTime.observe({ monitor }, event.tookMs / 1000);
          return;
        }
        case "reconciled":
          return reconciled.inc({
            monitor: monitors.labelOf(event.monitor),
            verdict: event.verdict,
          });
        case "leaked":
          return leaked.inc(
            { profile: profiles.labelOf(event.profileKey) },
            event.runners.length + (event.unlistedRunners ?? 0),
          );
        case "rejected_by_monitor":
          return rejections.inc({ monitor: monitors.labelOf(event.monitor) });
        case "github_budget": {
          const account = accounts.admit(event.account);
          if (account === others) return;
          remaining.set({ account }, event.remaining);
          limit.set({ account }, event.limit);
          return resetAt.set({ account }, event.resetAt / 1000);
        }
        case "github_delivery":
          return deliveries.inc({ outcome: event.outcome });
        case "github_asked":
          return questions.inc({ outcome: event.outcome });
        case "started":
          return starts.observe({ profile: profiles.admit(event.job.profileKey) }, event.tookMs / 1000);
        case "start_lost":
          for (const name of event.runners) {
            lostStarts.inc({ monitor: monitors.labelOf(name.slice(0, name.indexOf("/"))) });
          }
          return unused.inc({ profile: profiles.admit(event.job.profileKey) }, event.runners.length);
        case "reservation_unused":
          return unused.inc({ profile: profiles.admit(event.job.profileKey) }, event.runners.length);
        case "rerun":
          return reruns.inc({ profile: profiles.admit(event.job.profileKey) });
        case "github_trouble":
          return troubles.inc({ reason: decideGithubTrouble(event.why) });
        case "rejected_by_github":
          return githubRejections.inc();
        case "proof_refused":
          return proofs.inc({ code: codes.admit(event.code) });
        case "trouble":
          // a store that is away is no error of ours; its failures are counted by command
          if (event.error instanceof StoreUnavailable) return;
          return errors.inc({ where: event.where });
        case "interrupted":
          return interruptions.inc();
        case "all_silent":
          return silences.inc({ profile: profiles.labelOf(event.profileKey) });
        // counted in answer-metrics.ts, or read from the store (standing-metrics.ts)
        case "enqueue_answered":
        case "poll_answered":
        case "settled":
        case "monitor_polled":
        case "collector_away":
        case "collector_back":
        case "monitor_forgotten":
        case "monitor_not_ours":
        case "ambiguous_reservation":
        case "enqueued":
        case "monitor_up":
        case "monitor_down":
        case "store_up":
        case "store_down":
        case "drained":
        case "forgot_monitor":
        case "forgot_profile":
        case "resumed":
        case "paused":
        case "unpaused":
          return;
      }
    },
  };
}
