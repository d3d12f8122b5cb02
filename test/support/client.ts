// Clients of the service for tests: over fetch, where a test wants to see every reply, and over
// real curl with the deployed lines.
import { setTimeout as delay } from "node:timers/promises";
import {
  type CurlEnd,
  enqueueUrl,
  type JobAsked,
  startCurlEnqueue,
  startCurlTake,
  takeUrl,
} from "../../scripts/deployed-client.ts";
import { apiToken } from "./service.ts";

export interface EnqueueRequest extends JobAsked {
  /** Absent: the token that startService sets. */
  readonly token?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Where it went well, `text` is the ticket. */
export async function enqueue(url: string, request: EnqueueRequest): Promise<{ status: number; text: string }> {
  const { status, text } = await ask("POST", enqueueUrl(url, request), request.token ?? apiToken);
  return { status, text };
}

/** The ticket of a job that must be accepted. */
export async function enqueueForTicket(url: string, request: EnqueueRequest): Promise<string> {
  const { status, text } = await enqueue(url, request);
  if (status !== 200) throw new Error(`enqueue was answered ${status}: ${text}`);
  return text;
}

/** One poll. */
export function take(url: string, uniqueId: string, ticket: string, signal?: AbortSignal): Promise<Reply> {
  return ask("POST", takeUrl(url, uniqueId, ticket), undefined, signal);
}

export interface Patience {
  /** Absent: a minute. For hangs only. */
  readonly withinMs?: number;
  /** Retry-After is honoured up to this: tests have no time for whole seconds. */
  readonly longestWaitMs?: number;
}

/**
 * Polls until the reply is none that curl would retry. Throws when that takes longer than
 * `withinMs`.
 */
export async function takeUntilDone(
  url: string,
  uniqueId: string,
  ticket: string,
  { withinMs = 60_000, longestWaitMs = 100 }: Patience = {},
): Promise<Reply> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const reply = await take(url, uniqueId, ticket);
    if (reply.status !== 503 && reply.status !== 429) return reply;
    if (performance.now() > giveUpAt) {
      throw new Error(`${uniqueId} still waits after ${withinMs} ms: ${reply.headers.get("x-queue-reason")}`);
    }
    await delay(Math.min(longestWaitMs, Number(reply.headers.get("retry-after") ?? 1) * 1000));
  }
}

/** The runners that an answer names, whichever shape its monitor gave it. */
export function runnersIn(text: string): { readonly id: number }[] {
  return [JSON.parse(text) as { id: number } | { id: number }[]].flat();
}

export function runnerIdsIn({ text }: { readonly text: string }): number[] {
  return runnersIn(text).map(({ id }) => id);
}

/** The job's owner gives its place up. */
export function cancel(url: string, uniqueId: string, ticket: string): Promise<Reply> {
  return ask("DELETE", `${url}/jobs/${uniqueId}?token=${ticket}`);
}

/** The deployed line, to its end: exit code and all that the file holds. */
export async function curlTake(url: string, uniqueId: string, ticket: string, file: string): Promise<CurlEnd> {
  return await (await startCurlTake(url, uniqueId, ticket, file)).ended;
}

export async function curlEnqueue(url: string, request: EnqueueRequest, file: string): Promise<CurlEnd> {
  return await (await startCurlEnqueue(url, request, request.token ?? apiToken, file)).ended;
}

async function ask(method: string, url: string, bearer?: string, signal?: AbortSignal): Promise<Reply> {
  const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const response = await fetch(url, { method, headers, signal: signal ?? null });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
