// What a monitor's reply to a take means. Only runners, a connection that was never made and a refusal of our credentials or route
// are certain. All else is "unknown": the monitor labels at GitHub first and answers later, and even a `null` can have a label set.
import { z } from "zod";
import type { Body } from "../../bounded-body.ts";
import type { HeldRunner } from "../../queue/job.ts";
import type { OpenWord, TakeOutcome } from "../../queue/monitors.ts";
import { runnerIdSchema, writeJson } from "./runner-json.ts";
import type { TakeReply } from "./transport.ts";

const runnerSchema = z.looseObject({ id: runnerIdSchema, runner: z.looseObject({}) });
const answerSchema = z.union([runnerSchema.transform((runner) => [runner]), z.array(runnerSchema).min(1).max(1000)]);

/** @param isSingle the job wants one runner: its answer is the monitor's own JSON, object or one-element list */
export function decideTakeOutcome(monitor: string, status: number, body: Body, isSingle: boolean): TakeOutcome {
  if (status === 401 || status === 403 || status === 404) return { kind: "refused", cause: "rejected" };
  if (status !== 200)
    return { kind: "unknown", word: status >= 500 ? "status_5xx" : "status_other", what: `status ${status}` };
  if (body.kind === "unreadable") return { kind: "unknown", word: "unreadable", what: body.why };
  if (body.value === null) return { kind: "unknown", word: "null", what: "null" };
  const parsed = answerSchema.safeParse(body.value);
  if (!parsed.success) return { kind: "unknown", word: "unreadable", what: "not a list of runners" };
  const isWhole = isSingle && parsed.data.length === 1;
  const runners = parsed.data.map(
    (runner): HeldRunner => ({ monitor, id: String(runner.id), body: writeJson(isWhole ? body.value : runner) ?? "" }),
  );
  if (runners.some((runner) => runner.body === ""))
    return { kind: "unknown", word: "unreadable", what: "nested too deeply" };
  if (new Set(runners.map(({ id }) => id)).size < runners.length) {
    return { kind: "unknown", word: "unreadable", what: "the same runner twice" };
  }
  return { kind: "taken", runners };
}

/** Failures of this machine, not of the monitor: too many files open, no port or buffer left. */
const ourShortages = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "EAGAIN", "ENOBUFS", "ENOMEM"]);

/** What it means that no answer came. A reset or a time-out says nothing: the request may be worked on this very moment. */
export function decideTakeSilence(reply: Exclude<TakeReply, { kind: "answered" }>): TakeOutcome {
  if (reply.kind === "unsent") {
    const isOurs = ourShortages.has(nameOfFailure(reply.error));
    return isOurs ? { kind: "unsent", what: nameOfFailure(reply.error) } : { kind: "refused", cause: "unreachable" };
  }
  const what = nameOfFailure(reply.error);
  return { kind: "silent", word: wordOfFailure(what), what, sinceSentMs: reply.sinceSentMs };
}

/** Time was up, or the connection broke. */
function wordOfFailure(name: string): OpenWord {
  return name === "TimeoutError" || name === "ETIMEDOUT" ? "timed_out" : "connection_lost";
}

/** The code of an error, or its name: short, and without anything that was sent. */
export function nameOfFailure(error: unknown): string {
  return errorCodes(error)[0] ?? (error instanceof Error ? error.name : "error");
}

/** The codes of the innermost errors: fetch wraps the cause, and a connection tried on several addresses wraps a list. */
function errorCodes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(errorCodes);
  if (error.cause !== undefined) return errorCodes(error.cause);
  // fetch refuses some ports (https://fetch.spec.whatwg.org/#port-blocking), without a code
  if (error.message === "bad port") return [error.message];
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? [code] : [];
}
