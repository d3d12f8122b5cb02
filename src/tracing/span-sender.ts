// Brings spans to a collector by OTLP over HTTP, a batch now and then, beside everything else.
// Whoever adds a span never waits and never fails. A collector that is away costs memory for
// `mostSpans`, and then spans: the oldest are dropped.
import { type Clock, limitTime } from "../clock.ts";
import type { Observe } from "../queue/events.ts";
import { type Span, writeSpans } from "./span.ts";

export const mostSpans = 2_048;
const mostAtOnce = 512;
const everyMs = 2_000;
const longestPauseMs = 60_000;
const answerWithinMs = 5_000;

export interface SpanSender {
  add(span: Span): void;
  /** Sends what there is, once; what fails is lost. For the end of the process. */
  finish(): Promise<void>;
}

/** @param endpoint without a slash at its end, as OTEL_EXPORTER_OTLP_ENDPOINT names it */
export function createSpanSender(endpoint: string, version: string, clock: Clock, observe: Observe): SpanSender {
  const waiting: Span[] = [];
  let isScheduled = false;
  let pauseMs = everyMs;
  /** It is told once that the collector is away, not with every batch. */
  let isAway = false;

  const send = async (batch: readonly Span[]): Promise<boolean> => {
    const limit = limitTime(clock, answerWithinMs);
    try {
      const response = await fetch(`${endpoint}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: writeSpans(batch, version),
        redirect: "manual",
        signal: limit.signal,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the collector of traces answered ${response.status}`);
      if (isAway) observe({ kind: "collector_back", why: "" });
      isAway = false;
      return true;
    } catch (error) {
      if (!isAway) observe({ kind: "collector_away", why: describeFailure(error) });
      isAway = true;
      return false;
    } finally {
      limit.end();
    }
  };

  const schedule = (): void => {
    if (isScheduled || waiting.length === 0) return;
    isScheduled = true;
    clock.after(pauseMs, () => void sendSome());
  };
  const sendSome = async (): Promise<void> => {
    const batch = waiting.splice(0, mostAtOnce);
    const isSent = await send(batch);
    pauseMs = isSent ? everyMs : Math.min(longestPauseMs, pauseMs * 2);
    // the oldest stand first, and are the first to go
    if (!isSent) waiting.unshift(...batch.slice(Math.max(0, batch.length + waiting.length - mostSpans)));
    isScheduled = false;
    schedule();
  };

  return {
    add: (span) => {
      waiting.push(span);
      if (waiting.length > mostSpans) waiting.shift();
      schedule();
    },
    finish: async () => {
      if (waiting.length > 0) await send(waiting.splice(0));
    },
  };
}

/** What fetch says itself is "fetch failed"; why, its cause says. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
