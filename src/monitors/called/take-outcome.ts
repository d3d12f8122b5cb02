// What a monitor's reply to a take means. Only runners, a connection that was never made and a
// refusal of our credentials or route are certain. All else is "unknown": the monitor labels at
// GitHub first and answers later, and even a `null` can have a label set.
import { z } from "zod";
import type { Json } from "../../bounded-json.ts";
import type { OpenWord, TakeOutcome } from "../../queue/fleet/monitors.ts";
import type { HeldRunner } from "../../queue/job/job.ts";
import { type AnswerShape, inShape, maxRunnerBytes, runnerIdSchema, writeRunner } from "../runner-json.ts";
import type { TakeReply } from "./transport.ts";

/** Looks only: what is answered is the monitor's own JSON. */
const runnerSchema = z.object({ id: runnerIdSchema, runner: z.object({}) });
const listSchema = z.array(runnerSchema).min(1);

/**
 * Runners beyond those asked for are leaked: so many are named, so that they can be looked up, and
 * the rest is counted.
 */
const maxNamedSurplus = 3;

/** The most bytes that a reply to a take for so many runners may have. */
export function takeBodyLimit(askedRunners: number): number {
  return Math.min(1024 * 1024, 64 * 1024 + askedRunners * maxRunnerBytes);
}

export interface TakenRunners extends Extract<TakeOutcome, { kind: "taken" }> {
  /** surplus runners that `runners` does not list */
  readonly unlistedRunners: number;
  readonly shape: AnswerShape;
}
export type MonitorTakeOutcome = Exclude<TakeOutcome, { kind: "taken" }> | TakenRunners;

/**
 * @param asked how many runners the monitor was asked for, and whether the job wants no more than
 * one: its answer is the monitor's own JSON
 */
export function decideTakeOutcome(
  monitor: string,
  status: number,
  body: Json,
  asked: { readonly runners: number; readonly isSingle: boolean },
): MonitorTakeOutcome {
  if (status === 401 || status === 403 || status === 404) {
    return { kind: "refused", cause: "rejected", what: `status ${status}` };
  }
  if (status !== 200) {
    return { kind: "unknown", word: status >= 500 ? "status_5xx" : "status_other", what: `status ${status}` };
  }
  if (body.kind === "unreadable") return { kind: "unknown", word: "unreadable", what: body.why };
  if (body.value === null) return { kind: "unknown", word: "null", what: "null" };
  const shape = Array.isArray(body.value) ? "list" : "object";
  const shown: readonly unknown[] = Array.isArray(body.value) ? body.value : [body.value];
  const parsed = listSchema.safeParse(shown);
  if (!parsed.success) return { kind: "unknown", word: "unreadable", what: "not a list of runners" };
  const given = parsed.data;
  if (new Set(given.map(({ id }) => String(id))).size < given.length) {
    return { kind: "unknown", word: "unreadable", what: "the same runner twice" };
  }
  const runners: HeldRunner[] = [];
  for (const [at, { id }] of given.slice(0, asked.runners + maxNamedSurplus).entries()) {
    const text = writeRunner(shown[at]);
    if (text === null) return { kind: "unknown", word: "unreadable", what: "runner_too_large" };
    runners.push({ monitor, id: String(id), body: asked.isSingle ? inShape(shape, text) : text });
  }
  return { kind: "taken", runners, unlistedRunners: given.length - runners.length, shape };
}

/** Failures of this machine, not of the monitor: too many files open, no port or buffer left. */
const ourShortages = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "EAGAIN", "ENOBUFS", "ENOMEM"]);

/**
 * What it means that no answer came. A reset or a time-out says nothing: the request may be worked
 * on this very moment.
 */
export function decideTakeSilence(reply: Exclude<TakeReply, { kind: "answered" }>): MonitorTakeOutcome {
  if (reply.kind === "unsent") {
    const what = nameOfFailure(reply.error);
    return ourShortages.has(what) ? { kind: "unsent", what } : { kind: "refused", cause: "unreachable", what };
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

/**
 * The codes of the innermost errors: fetch wraps the cause, and a connection tried on several
 * addresses wraps a list.
 */
function errorCodes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(errorCodes);
  if (error.cause !== undefined) return errorCodes(error.cause);
  // fetch refuses some ports (https://fetch.spec.whatwg.org/#port-blocking), without a code
  if (error.message === "bad port") return [error.message];
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? [code] : [];
}
