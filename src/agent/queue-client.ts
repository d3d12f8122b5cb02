// The three calls of an agent to its queue. Every failure is a value; no call is repeated here.
import { z } from "zod";
import { readJson } from "../bounded-json.ts";
import { type Clock, limitTime } from "../clock.ts";
import { nameOfFailure } from "../monitors/called/take-outcome.ts";
import type { Said } from "./said.ts";

const offerSchema = z.object({
  leg: z.string(),
  unique_id: z.string(),
  profile_key: z.string(),
  runners: z.int().positive(),
  qualified_repo: z.string(),
  run_id: z.string(),
});
export type Offer = z.infer<typeof offerSchema>;

const fetchedSchema = z.object({
  offers: z.array(offerSchema),
  withdrawn: z.array(z.string()),
  settled: z.array(z.string()),
  drained: z.boolean(),
});
export type Fetched = z.infer<typeof fetchedSchema>;
const acceptedSchema = z.object({ begin_within_ms: z.number() });
const refusalSchema = z.object({ code: z.string() });

export type CallReply<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  /** the queue's word: the same call gets the same again */
  | { readonly kind: "refused"; readonly code: string; readonly why: string }
  /** another agent speaks for this monitor */
  | { readonly kind: "superseded" }
  /** no answer, or "later" */
  | { readonly kind: "failed"; readonly why: string; readonly retryAfterMs: number };

export interface QueueClient {
  fetch(seq: number, said: Said, waitSeconds: number, stop: AbortSignal): Promise<CallReply<Fetched>>;
  accept(legName: string, seq: number): Promise<CallReply<{ readonly begin_within_ms: number }>>;
  settle(
    legName: string,
    seq: number,
    runners: readonly { readonly id: unknown }[],
    stop: AbortSignal,
  ): Promise<CallReply<unknown>>;
}

export interface QueueAddress {
  /** Without a slash at its end. */
  readonly queue: string;
  readonly name: string;
  readonly token: string;
  /** 1 to 64 characters, new at each start */
  readonly boot: string;
}

/** A fetch is answered in its `wait`; what comes later than this after it never comes. */
const fetchSlackMs = 10_000;
/** Short, so that an accept whose reply is lost can be repeated before it is too late to begin. */
const acceptTimeoutMs = 700;
const settleTimeoutMs = 5_000;
const maxReplyBytes = 1024 * 1024;

export function createQueueClient({ queue, name, token, boot }: QueueAddress, clock: Clock): QueueClient {
  const call = async <Value>(
    path: string,
    schema: z.ZodType<Value>,
    body: object | null,
    timeoutMs: number,
    stop?: AbortSignal,
  ): Promise<CallReply<Value>> => {
    const { signal, end } = limitTime(clock, timeoutMs);
    try {
      const response = await fetch(`${queue}/monitors/${encodeURIComponent(name)}/${path}`, {
        method: "POST",
        // a redirect would take the bearer elsewhere
        redirect: "manual",
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== null && { "content-type": "application/json" }),
        },
        ...(body !== null && { body: JSON.stringify(body) }),
        signal: stop === undefined ? signal : AbortSignal.any([signal, stop]),
      });
      const json = await readJson(response, maxReplyBytes);
      return readReply(response, json.kind === "json" ? json.value : undefined, schema);
    } catch (error) {
      return { kind: "failed", why: nameOfFailure(signal.aborted ? signal.reason : error), retryAfterMs: 0 };
    } finally {
      end();
    }
  };
  const leg = (legName: string, what: string) => `legs/${encodeURIComponent(legName)}/${what}`;

  return {
    fetch: (seq, said, waitSeconds, stop) =>
      call(`fetch?wait=${waitSeconds}`, fetchedSchema, { boot, seq, ...said }, waitSeconds * 1000 + fetchSlackMs, stop),
    accept: (legName, seq) =>
      call(leg(legName, `accept?boot=${boot}&seq=${seq}`), acceptedSchema, null, acceptTimeoutMs),
    settle: (legName, seq, runners, stop) => {
      const body = { boot, seq, outcome: runners.length > 0 ? "taken" : "refused", runners };
      return call(leg(legName, "settle"), z.unknown(), body, settleTimeoutMs, stop);
    },
  };
}

function readReply<Value>(response: Response, body: unknown, schema: z.ZodType<Value>): CallReply<Value> {
  const { status } = response;
  if (status === 200) {
    const parsed = schema.safeParse(body);
    return parsed.success
      ? { kind: "ok", value: parsed.data }
      : { kind: "failed", why: "an answer that is none of a queue", retryAfterMs: 0 };
  }
  const code = refusalSchema.safeParse(body).data?.code;
  if (code === "boot_superseded") return { kind: "superseded" };
  // a proxy's own 4xx is no word of the queue
  if (status >= 400 && status < 500 && code !== undefined && status !== 429) {
    return { kind: "refused", code, why: `status ${status}, ${code}` };
  }
  const retryAfterMs = Number(response.headers.get("retry-after") ?? 0) * 1000 || 0;
  return { kind: "failed", why: `status ${status}`, retryAfterMs };
}
