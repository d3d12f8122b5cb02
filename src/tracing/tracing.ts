// Traces behind one setting, OTEL_EXPORTER_OTLP_ENDPOINT. Without it nothing of this exists: no
// event is looked at, and no job keeps a traceparent.
import { systemClock } from "../clock.ts";
import type { Observe } from "../queue/events.ts";
import { createSpanSender } from "./span-sender.ts";
import { createTakeTraces } from "./take-traces.ts";

export interface Tracing {
  readonly observe: Observe;
  /** What is left to send, once. */
  readonly finish: () => Promise<void>;
}

/** @param endpoint null: off */
export function createTracing(endpoint: string | null, version: string, log: Observe): Tracing | null {
  if (endpoint === null) return null;
  const sender = createSpanSender(endpoint, version, systemClock, log);
  return { observe: createTakeTraces(sender.add, Date.now), finish: sender.finish };
}
