// What clients ask of the queue in the simulation, and what they hear: the routes of the HTTP
// contract without the HTTP.
import type { JobRequest, Ticket } from "../../src/queue/job/job.ts";

export type ClientRequest =
  | { readonly kind: "enqueue"; readonly job: JobRequest; readonly isCounted: boolean; readonly isDetached?: boolean }
  | { readonly kind: "take"; readonly ticket: Ticket; readonly holdMs: number }
  | { readonly kind: "cancel"; readonly ticket: Ticket };

export interface ClientReply {
  readonly status: number;
  /** why, in a word */
  readonly reason: string;
  readonly retryAfterSeconds: number;
  /** of a 200: the ticket's place, or the answer */
  readonly place?: number;
  readonly answer?: string;
}

export function uniqueIdOf(request: ClientRequest): string {
  return request.kind === "enqueue" ? request.job.uniqueId : request.ticket.uniqueId;
}

/** Replies that come back: curl retries these. */
export function isRetried({ status }: ClientReply): boolean {
  return status === 503 || status === 429;
}

/**
 * "monitor/id" of each runner of an answer: the host is in the name that GitHub knows the runner
 * by.
 */
export function runnersOf(answer: string): readonly string[] {
  const shown: unknown = JSON.parse(answer);
  if (shown === null) return [];
  const list = (Array.isArray(shown) ? shown : [shown]) as readonly Shown[];
  return list.map(({ id, runner }) => `${runner.registration.name.split("@")[1]}/${id}`);
}

interface Shown {
  readonly id: number;
  readonly runner: { readonly registration: { readonly name: string } };
}
