// W3C's traceparent: which trace a caller is part of, and which of its spans asked.

const shape = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Null: none, or one that means nothing; a caller's trace is no reason to refuse its job. */
export function parseTraceParent(text: string | undefined): TraceParent | null {
  const [, traceId = "", spanId = "", flags = ""] = shape.exec(text ?? "") ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** @param bytes 16 for a trace, 8 for a span */
export function newTraceWord(bytes: 8 | 16): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
