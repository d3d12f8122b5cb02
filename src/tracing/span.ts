// A span, and how OTLP writes many of them as JSON. Written by hand: it is one document, and
// OpenTelemetry's own packages are larger than all of the queue (docs/decisions).

export interface Span {
  /** 32 and 16 hexadecimal digits */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: keyof typeof kinds;
  /** ms since 1970 */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** As OTLP numbers them. */
const kinds = { internal: 1, client: 3 } as const;
const errorStatus = 2;

/** The body of `POST /v1/traces`. */
export function writeSpans(spans: readonly Span[], version: string): string {
  const resource = { attributes: writeAttributes({ "service.name": "runner-queue", "service.version": version }) };
  const scopeSpans = [{ scope: { name: "runner-queue", version }, spans: spans.map(writeSpan) }];
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] });
}

function writeSpan({ traceId, spanId, parentSpanId, name, kind, isError, ...rest }: Span) {
  return {
    traceId,
    spanId,
    ...(parentSpanId !== null && { parentSpanId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(rest.startedAt),
    endTimeUnixNano: nanoseconds(Math.max(rest.startedAt, rest.endedAt)),
    attributes: writeAttributes(rest.attributes),
    status: isError ? { code: errorStatus } : {},
  };
}

function writeAttributes(attributes: Span["attributes"]) {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    // OTLP's JSON has 64-bit integers as text
    value: typeof value === "string" ? { stringValue: value } : { intValue: String(Math.round(value)) },
  }));
}

/** More than a number holds exactly, so as text. */
function nanoseconds(ms: number): string {
  return `${BigInt(Math.round(ms * 1000)) * 1000n}`;
}
