// What operators do to a part of the queue: a monitor is drained, a profile is paused, until they
// say otherwise or until a time that they gave.
import { z } from "zod";

/** An operator who does something to a job: their name, and why, for the history. */
export interface OperatorWords {
  readonly by: string;
  readonly note: string;
}

export const actSchema = z.object({
  /** who, in their own words */
  by: z.string(),
  /** why; may be empty */
  note: z.string(),
  /** store clock, ms since 1970 */
  at: z.number(),
  /** when it ends by itself, ms since 1970; null: when somebody ends it */
  until: z.number().nullable(),
});
export type Act = z.infer<typeof actSchema>;

/**
 * What a row of the fleet is told of the last word on its monitor. An end is an act whose time is
 * over.
 */
export function drainedBy(act: Act | null): { readonly drainedAt: number; readonly drainedUntil: number } {
  return act === null ? { drainedAt: 0, drainedUntil: 0 } : { drainedAt: act.at, drainedUntil: act.until ?? forEver };
}

/**
 * `drainedUntil` of a monitor that is drained until somebody resumes it: the last date there is.
 */
export const forEver = 8_640_000_000_000_000;

/** Whether an act holds at `now`. */
export function isInForce(act: Act | null, now: number): act is Act {
  return act !== null && (act.until === null || act.until > now);
}

/**
 * An operator's wish. `until`: ms since 1970, or null for as long as nobody ends it; of no use in
 * an end.
 */
export interface ActRequest {
  readonly kind: "begin" | "end";
  readonly by: string;
  readonly note: string;
  readonly until: number | null;
}

/**
 * What an operator's wish becomes: the last word from now on. An end is an act whose time is over.
 */
export function actOf({ kind, by, note, until }: ActRequest, now: number): Act {
  return { by, note, at: now, until: kind === "begin" ? until : now };
}
