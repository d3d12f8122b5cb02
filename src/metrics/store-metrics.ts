// The store, with every command timed and its failures counted, and what its replies say: enqueues, polls and settlements by outcome, and how
// long each monitor took to give its dashboard.
//
// The poll is the hot path, 55 us in all. Counting it costs 0.15 us, with prom-client's own histogram and counter it was 0.53: so its figures are
// plain numbers, handed over when somebody asks.
import { Counter, Histogram, type Registry } from "prom-client";
import type { DashboardNews, EnqueueReply, PollReply, Store } from "../queue/ports.ts";
import { waitReasons } from "../queue/rank-gate.ts";
import type { SettleReply } from "../queue/settlement.ts";
import { createCommandDurations } from "./command-durations.ts";
import { type KnownLabels, others } from "./known-labels.ts";
import { createRecentJobs } from "./recent-jobs.ts";

type EnqueueOutcome = Exclude<EnqueueReply["kind"], "accepted"> | "accepted" | "repeated";
const enqueueOutcomes = [
  "accepted",
  /** the same request again: the same ticket */
  "repeated",
  "unsatisfiable",
  "conflict",
  "id_used",
  "fleet_unknown",
  "full",
  /** longer than the caller is willing to wait */
  "too_long",
  "settling",
] as const satisfies readonly EnqueueOutcome[];

const pollOutcomes = [
  ...waitReasons,
  "claimed",
  /** the answer, for the first time */
  "taken",
  /** the answer once more, or one that another instance got */
  "replayed",
  "failed",
  "abandoned",
  "cancelled",
  "answer_expired",
  "ticket_expired",
  "superseded",
] as const satisfies readonly (
  | Exclude<PollReply["kind"], "wait" | "suspect">
  | (typeof waitReasons)[number]
  | "replayed"
)[];
type PollOutcome = (typeof pollOutcomes)[number];

const settleOutcomes = [
  "taken",
  "queued",
  "open",
  "failed",
  "over",
  "lost",
] as const satisfies readonly SettleReply["kind"][];

const newsKinds = ["snapshot", "redrawing", "failed"] as const satisfies readonly DashboardNews["kind"][];

type Command = Exclude<keyof Store, "close">;
type Note<C extends Command> = (reply: Awaited<ReturnType<Store[C]>>, ...args: Parameters<Store[C]>) => void;

export function createStoreMetrics(
  registry: Registry,
  profiles: KnownLabels,
  monitors: KnownLabels,
): { readonly instrument: (store: Store) => Store } {
  const counter = <Name extends string>(name: string, help: string, labelNames: readonly Name[]) =>
    new Counter({ name: `runner_queue_${name}_total`, help, labelNames, registers: [registry] });

  const durations = createCommandDurations(
    registry,
    "runner_queue_store_command_duration_seconds",
    "How long the store took, by command; failures included",
  );
  const errors = counter("store_command_errors", "Commands that the store did not carry out", ["command"]);
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

  /** Whether an answer that this process got was given out: what is given once more is a replay. */
  const answers = createRecentJobs<"got" | "given">();
  const noteEnqueue: Note<"enqueue"> = (reply, { request }) => {
    if (reply.kind !== "accepted") {
      return enqueues.inc({ profile: profiles.labelOf(request.profileKey), outcome: reply.kind });
    }
    const profile = profiles.admit(request.profileKey);
    enqueues.inc({ profile, outcome: reply.isNew ? "accepted" : "repeated" });
  };
  const decidePollOutcome = (reply: PollReply, ticket: Parameters<Store["poll"]>[0]["ticket"]): PollOutcome => {
    switch (reply.kind) {
      case "wait":
        return reply.reason;
      case "suspect":
        return "reconciling";
      case "taken": {
        const isFirst = answers.wordOn(ticket) === "got";
        answers.note(ticket, "given");
        return isFirst ? "taken" : "replayed";
      }
      default:
        return reply.kind;
    }
  };
  const notePoll: Note<"poll"> = (reply, { ticket }) => {
    pollCounts[decidePollOutcome(reply, ticket)] += 1;
  };
  const noteSettle: Note<"settle"> = (reply, ticket) => {
    settlements.inc({ outcome: reply.kind });
    if (reply.kind === "taken" && answers.wordOn(ticket) === undefined) answers.note(ticket, "got");
  };
  /** When this process was told to ask a monitor. */
  const askedAt = new Map<string, number>();
  const noteBeginPoll: Note<"beginPoll"> = (lease, monitor) => {
    if (lease.kind === "ask") askedAt.set(monitor, performance.now());
  };
  const noteNews = (name: string, outcome: DashboardNews["kind"]): void => {
    const monitor = monitors.labelOf(name);
    monitorPolls.inc({ monitor, outcome });
    const begun = askedAt.get(name);
    if (begun !== undefined) monitorPollTime.observe({ monitor }, (performance.now() - begun) / 1000);
  };

  const time = <C extends Command>(store: Store, command: C, note?: Note<C>): Store[C] => {
    const send = store[command].bind(store) as (...args: unknown[]) => Promise<Awaited<ReturnType<Store[C]>>>;
    const observe = durations.of(command);
    errors.inc({ command }, 0);
    const timed = async (...args: Parameters<Store[C]>) => {
      const begun = performance.now();
      try {
        const reply = await send(...args);
        note?.(reply, ...args);
        return reply;
      } catch (error) {
        errors.inc({ command });
        throw error;
      } finally {
        observe(performance.now() - begun);
      }
    };
    return timed as unknown as Store[C];
  };

  return {
    instrument: (store) => {
      const finishPoll = time(store, "finishPoll");
      return {
        ping: time(store, "ping"),
        enqueue: time(store, "enqueue", noteEnqueue),
        poll: time(store, "poll", notePoll),
        renew: time(store, "renew"),
        settle: time(store, "settle", noteSettle),
        cancel: time(store, "cancel"),
        inspect: time(store, "inspect"),
        sweep: time(store, "sweep"),
        fleet: time(store, "fleet"),
        findProfile: time(store, "findProfile"),
        view: time(store, "view"),
        history: time(store, "history"),
        pause: time(store, "pause"),
        drain: time(store, "drain"),
        viewMonitor: time(store, "viewMonitor"),
        noteTake: time(store, "noteTake"),
        profiles: time(store, "profiles"),
        beginPoll: time(store, "beginPoll", noteBeginPoll),
        finishPoll: (monitor, at, news, nextInMs) => {
          noteNews(monitor, news.kind);
          return finishPoll(monitor, at, news, nextInMs);
        },
        acquireSlot: time(store, "acquireSlot"),
        releaseSlot: time(store, "releaseSlot"),
        hangUp: time(store, "hangUp"),
        winners: time(store, "winners"),
        missedNews: time(store, "missedNews"),
        hurry: time(store, "hurry"),
        onWake: store.onWake,
        listen: store.listen,
        close: () => store.close(),
      };
    },
  };
}
