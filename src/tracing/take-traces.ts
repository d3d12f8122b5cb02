// Spans of what happened: a job's wait from its enqueue to its claim, the take that the claim is,
// and each leg. Made of the events that the log is made of, so that takes know nothing of traces.
// What an event says in free text is left out: no secret and no monitor's words get into a span.
import type { LegWord, QueueEvent } from "../queue/events.ts";
import { enqueuedAt, type Ticket } from "../queue/job/job.ts";
import type { Span } from "./span.ts";
import { newTraceWord, parseTraceParent } from "./trace-parent.ts";

/** A take that nobody ends (another instance did) is forgotten; so many are under way at most. */
const mostTakes = 10_000;

interface OpenTake {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly isSampled: boolean;
  readonly beganAt: number;
  readonly attempt: number;
  readonly attributes: Span["attributes"];
  /** legs that were not heard of */
  legsLeft: number;
  /** a leg that reserved something, or may have: the take ends when that is settled */
  isToSettle: boolean;
}

/** Legs after which certainly nothing is reserved. */
const refusals: ReadonlySet<LegWord> = new Set([
  "refused",
  "unsent",
  "monitor_busy",
  "monitor_drained",
  "too_late_to_send",
]);

/** @param now ms since 1970 */
export function createTakeTraces(add: (span: Span) => void, now: () => number): (event: QueueEvent) => void {
  const takes = new Map<string, OpenTake>();

  const end = (job: Ticket, outcome: string): void => {
    const take = takes.get(keyOf(job));
    if (take === undefined) return;
    takes.delete(keyOf(job));
    if (!take.isSampled) return;
    const { traceId, spanId, parentSpanId, beganAt, attempt } = take;
    const attributes = { ...take.attributes, "runner_queue.attempt": attempt, "runner_queue.outcome": outcome };
    const isError = outcome === "failed";
    const span = { traceId, spanId, parentSpanId, name: "take", kind: "internal" } as const;
    add({ ...span, startedAt: beganAt, endedAt: now(), isError, attributes });
  };

  const begin = ({ job, attempt, legs, traceParent }: Extract<QueueEvent, { kind: "claimed" }>): void => {
    end(job, "superseded");
    const parent = parseTraceParent(traceParent);
    const traceId = parent?.traceId ?? newTraceWord(16);
    const beganAt = now();
    const parentSpanId = parent?.spanId ?? null;
    const isSampled = parent?.isSampled ?? true;
    const attributes = describeJob(job);
    if (takes.size >= mostTakes) takes.delete(takes.keys().next().value ?? "");
    const legsLeft = legs.length;
    const own = { traceId, parentSpanId, isSampled, attributes };
    takes.set(keyOf(job), { ...own, spanId: newTraceWord(8), beganAt, attempt, legsLeft, isToSettle: false });
    if (attempt !== 1 || !isSampled) return;
    const wait = { spanId: newTraceWord(8), name: "wait", kind: "internal", isError: false } as const;
    add({ ...own, ...wait, startedAt: enqueuedAt(job.place), endedAt: beganAt });
  };

  const noteLeg = ({ job, monitor, outcome, tookMs }: Extract<QueueEvent, { kind: "leg" }>): void => {
    const take = takes.get(keyOf(job));
    if (take === undefined) return;
    take.legsLeft -= 1;
    const isRefusal = refusals.has(outcome);
    take.isToSettle ||= !isRefusal;
    if (take.isSampled) {
      add({
        traceId: take.traceId,
        spanId: newTraceWord(8),
        parentSpanId: take.spanId,
        name: `leg ${monitor}`,
        kind: "client",
        startedAt: now() - tookMs,
        endedAt: now(),
        isError: outcome !== "taken",
        attributes: { ...take.attributes, "runner_queue.monitor": monitor, "runner_queue.outcome": outcome },
      });
    }
    if (take.legsLeft <= 0 && !take.isToSettle) end(job, "refused");
  };

  return function traceEvent(event) {
    switch (event.kind) {
      case "claimed":
        return begin(event);
      case "leg":
        return noteLeg(event);
      case "taken":
      case "failed":
      case "cancelled":
      case "abandoned":
        return end(event.job, event.kind);
      default:
    }
  };
}

function keyOf({ profileKey, uniqueId }: Ticket): string {
  return `${profileKey}/${uniqueId.toLowerCase()}`;
}

function describeJob({ uniqueId, profileKey, qualifiedRepo, runId, runnerCount }: Ticket): Span["attributes"] {
  return {
    "runner_queue.unique_id": uniqueId,
    "runner_queue.profile": profileKey,
    "runner_queue.repository": qualifiedRepo,
    "runner_queue.run_id": runId,
    "runner_queue.runners": runnerCount,
  };
}
