// What a monitor's reply to a take means. Only runners, a connection that was never made and a refusal of our credentials or route
// are certain. All else is "unknown": the monitor labels at GitHub first and answers later, and even a `null` can have a label set.
import { z } from "zod";
import type { HeldRunner } from "../queue/job.ts";
import type { TakeOutcome } from "../queue/ports.ts";
import type { Body } from "./read-body.ts";

const runnerSchema = z.looseObject({ id: z.union([z.number(), z.string().max(200)]), runner: z.looseObject({}) });
const answerSchema = z.union([runnerSchema.transform((runner) => [runner]), z.array(runnerSchema).min(1).max(1000)]);

/** @param isSingle the job wants one runner: its answer is the monitor's own JSON, object or one-element list */
export function decideTakeOutcome(monitor: string, status: number, body: Body, isSingle: boolean): TakeOutcome {
  if (status === 401 || status === 403 || status === 404) return { kind: "refused", cause: "rejected" };
  if (status !== 200) return { kind: "unknown", hasAnswered: true, what: `status ${status}` };
  if (body.kind === "unreadable") return { kind: "unknown", hasAnswered: true, what: body.why };
  if (body.value === null) return { kind: "unknown", hasAnswered: true, what: "null" };
  const parsed = answerSchema.safeParse(body.value);
  if (!parsed.success) return { kind: "unknown", hasAnswered: true, what: "not a list of runners" };
  const isWhole = isSingle && parsed.data.length === 1;
  const runners = parsed.data.map(
    (runner): HeldRunner => ({ monitor, id: String(runner.id), body: JSON.stringify(isWhole ? body.value : runner) }),
  );
  if (new Set(runners.map(({ id }) => id)).size < runners.length) {
    return { kind: "unknown", hasAnswered: true, what: "the same runner twice" };
  }
  return { kind: "taken", runners };
}

/** Errors after which nothing can have been sent. Names from Node's getaddrinfo/connect, undici and TLS. */
const neverConnected = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What an exception of fetch means. A reset or a time-out says nothing: the request may be worked on this very moment. */
export function decideTakeFailure(error: unknown): TakeOutcome {
  const codes = errorCodes(error);
  if (codes.length > 0 && codes.every((code) => neverConnected.has(code)))
    return { kind: "refused", cause: "unreachable" };
  const name = error instanceof Error ? error.name : "error";
  return { kind: "unknown", hasAnswered: false, what: codes[0] ?? name };
}

/** The codes of the innermost errors: fetch wraps the cause, and a connection tried on several addresses wraps a list. */
export function errorCodes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(errorCodes);
  if (error.cause !== undefined) return errorCodes(error.cause);
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? [code] : [];
}
