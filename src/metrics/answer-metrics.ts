// What the queue answered, by outcome: enqueues, polls and settlements; and how monitors gave their
// dashboards. Polls are the hot path: they are plain numbers, handed over when somebody asks.
import { Counter, Histogram, type Registry } from "prom-client";
import { admissionRefusals } from "../queue/admission.ts";
import type { EnqueueOutcome, PollOutcome, QueueEvent } from "../queue/events.ts";
import type { DashboardNews } from "../queue/fleet/monitors.ts";
import type { SettleReply } from "../queue/job/settlement.ts";
import { waitReasons } from "../queue/line/turn.ts";
import { createCounters } from "./counters.ts";
import { type KnownLabels, others } from "./known-labels.ts";

const enqueueOutcomes = [
  "accepted",
  /** the same request again: the same ticket */
  "repeated",
  "unsatisfiable",
  /** more runners than a limit of the policy allows */
  "above_limit",
  "conflict",
  "id_used",
  "fleet_unknown",
  "full",
  ...admissionRefusals,
  /** longer than the caller is willing to wait */
  "too_long",
  "settling",
] as const satisfies readonly EnqueueOutcome[];

const pollOutcomes = [
  ...waitReasons,
  "claimed",
  /** the answer, by the request that won it */
  "taken",
  /** the answer once more, or one that was won by another request */
  "replayed",
  "failed",
  "abandoned",
  "cancelled",
  "answer_expired",
  "ticket_expired",
  "superseded",
] as const satisfies readonly PollOutcome[];

const settleOutcomes = [
  "taken",
  "queued",
  "open",
  "failed",
  "over",
  "lost",
] as const satisfies readonly SettleReply["kind"][];
const newsKinds = ["snapshot", "redrawing", "failed"] as const satisfies readonly DashboardNews["kind"][];

export function createAnswerMetrics(
  registry: Registry,
  profiles: KnownLabels,
  monitors: KnownLabels,
): { readonly observe: (event: QueueEvent) => void } {
  const counter = createCounters(registry);
  const enqueues = counter("enqueues", "Enqueues that reached the store, by outcome", ["profile", "outcome"]);
  const pollCounts = Object.fromEntries(pollOutcomes.map((outcome) => [outcome, 0])) as Record<PollOutcome, number>;
  new Counter({
    name: "runner_queue_polls_total",
    help: "Polls by outcome: why the job waits, or what it was told",
    labelNames: ["outcome"],
    registers: [registry],
    collect() {
      this.reset();
      for (const outcome of pollOutcomes) this.inc({ outcome }, pollCounts[outcome]);
    },
  });
  const settlements = counter("settlements", "Settled legs, by what became of the job", ["outcome"]);
  const monitorPolls = counter("monitor_polls", "Dashboards asked for, by outcome", ["monitor", "outcome"]);
  const monitorPollTime = new Histogram({
    name: "runner_queue_monitor_poll_duration_seconds",
    help: "How long a monitor took to give its dashboard, or to fail to",
    labelNames: ["monitor"],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5],
    registers: [registry],
  });

  const beginEnqueues = (profile: string): void => {
    for (const outcome of enqueueOutcomes) enqueues.inc({ profile, outcome }, 0);
  };
  beginEnqueues(others);
  profiles.onNew(beginEnqueues);
  monitors.onNew((monitor) => {
    for (const outcome of newsKinds) monitorPolls.inc({ monitor, outcome }, 0);
    monitorPollTime.zero({ monitor });
  });
  for (const outcome of settleOutcomes) settlements.inc({ outcome }, 0);

  return {
    observe: function countAnswer(event) {
      switch (event.kind) {
        case "poll_answered":
          pollCounts[event.outcome] += 1;
          return;
        case "enqueue_answered": {
          const isAccepted = event.outcome === "accepted" || event.outcome === "repeated";
          const profile = isAccepted ? profiles.admit(event.profileKey) : profiles.labelOf(event.profileKey);
          enqueues.inc({ profile, outcome: event.outcome });
          return;
        }
        case "settled":
          settlements.inc({ outcome: event.outcome });
          return;
        case "monitor_polled": {
          const monitor = monitors.labelOf(event.monitor);
          monitorPolls.inc({ monitor, outcome: event.outcome });
          monitorPollTime.observe({ monitor }, event.tookMs / 1000);
          return;
        }
      }
    },
  };
}
