// What monitors that fetch send us, as it is on the wire. A body that is wrong anywhere is refused
// as a whole, with the path of what is wrong: nothing of it may be half done.
import { z } from "zod";
import type { ProfileCounts } from "../../queue/fleet/fleet.ts";
import type { HeldRunner } from "../../queue/job/job.ts";
import { type LegParts, parseLegName } from "../../queue/job/leg-name.ts";
import { runnerIdSchema, writeRunner } from "../runner-json.ts";

const maxProfiles = 256;
const maxListed = 1_000;
const profileKeyForm = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;
const countSchema = z.int().min(0).max(100_000);
const seqSchema = z.int().min(0);
const bootSchema = z.string().regex(/^[\x21-\x7e]{1,64}$/, "1 to 64 printable characters");
const legSchema = z.string().min(1).max(300);
const runnerSchema = z.record(z.string(), z.unknown());

const fetchSchema = z.object({
  boot: bootSchema,
  seq: seqSchema,
  profiles: z
    .record(
      z.string().regex(profileKeyForm, "a profile's key: 1 to 64 of A-Z a-z 0-9 . _ -"),
      z.object({ idle: countSchema, healthy: countSchema, target: countSchema }),
    )
    .refine((profiles) => Object.keys(profiles).length <= maxProfiles, `at most ${maxProfiles} profiles`),
  reservations: z
    .array(
      z.object({
        leg: legSchema.nullish(),
        unique_id: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, "1 to 128 of A-Z a-z 0-9 . _ -"),
        id: runnerIdSchema.nullish(),
        busy: z.boolean().nullish(),
        runner: runnerSchema.nullish(),
      }),
    )
    .max(maxListed)
    .default([]),
  settled: z
    .array(
      z.object({
        leg: legSchema,
        outcome: z.enum(["taken", "refused"]),
        runners: z
          .array(z.object({ id: runnerIdSchema, runner: runnerSchema.nullish() }))
          .max(maxListed)
          .default([]),
      }),
    )
    .max(maxListed)
    .default([]),
});

const settleSchema = fetchSchema
  .pick({ boot: true, seq: true })
  .extend({ outcome: z.enum(["taken", "refused"]), runners: fetchSchema.shape.settled.unwrap().element.shape.runners });

/** The query of an accept. */
export const acceptSchema = z.object({
  boot: bootSchema,
  seq: z
    .string()
    .regex(/^\d{1,16}$/, "a whole number")
    .transform(Number)
    .refine(Number.isSafeInteger, "a whole number up to 2^53 - 1"),
});

export interface ListedRunner {
  /** as the monitor names it; null: it does not say */
  readonly leg: LegParts | null;
  readonly legName: string | null;
  readonly uniqueId: string;
  /** null: it is being worked on */
  readonly runner: HeldRunner | null;
  readonly isBusy: boolean;
}

export interface SettledLeg {
  readonly legName: string;
  readonly leg: LegParts | null;
  readonly outcome: "taken" | "refused";
  readonly runners: readonly HeldRunner[];
}

export interface FetchBody {
  readonly boot: string;
  readonly seq: number;
  readonly counts: ReadonlyMap<string, ProfileCounts>;
  readonly listed: readonly ListedRunner[];
  readonly settled: readonly SettledLeg[];
}

export interface SettleBody extends Pick<SettledLeg, "outcome" | "runners"> {
  readonly boot: string;
  readonly seq: number;
}

/** `why`: the path of what is wrong, and what it should be. */
export type ReadBody<T> = { readonly kind: "ok"; readonly value: T } | { readonly kind: "wrong"; readonly why: string };

/** A fetch's body. @param monitor whose it is */
export function parseFetchBody(monitor: string, value: unknown): ReadBody<FetchBody> {
  const parsed = fetchSchema.safeParse(value);
  if (!parsed.success) return { kind: "wrong", why: describeIssues(parsed.error) };
  const { boot, seq, profiles, reservations, settled } = parsed.data;
  const listed = reservations.map(({ leg, unique_id, id, busy, runner }): ListedRunner => {
    const held = id === null || id === undefined ? null : holdRunner(monitor, { id, runner });
    const legName = leg ?? null;
    return {
      legName,
      leg: legName === null ? null : parseLegName(legName),
      uniqueId: unique_id,
      runner: held,
      isBusy: busy === true,
    };
  });
  return {
    kind: "ok",
    value: {
      boot,
      seq,
      counts: new Map(Object.entries(profiles)),
      listed,
      settled: settled.map(({ leg, outcome, runners }) => ({
        legName: leg,
        leg: parseLegName(leg),
        outcome,
        runners: runners.map((one) => holdRunner(monitor, one)),
      })),
    },
  };
}

/** A settle's body. */
export function parseSettleBody(monitor: string, value: unknown): ReadBody<SettleBody> {
  const parsed = settleSchema.safeParse(value);
  if (!parsed.success) return { kind: "wrong", why: describeIssues(parsed.error) };
  const runners = parsed.data.runners.map((one) => holdRunner(monitor, one));
  return { kind: "ok", value: { ...parsed.data, runners } };
}

/** One that is too long to be written is reserved all the same. */
function holdRunner(
  monitor: string,
  { id, runner }: { readonly id: string | number; readonly runner?: unknown },
): HeldRunner {
  const body = writeRunner({ id, runner: runner ?? {} }) ?? JSON.stringify({ id, runner: {} });
  return { monitor, id: String(id), body };
}

const maxIssues = 5;

/** Paths and what is expected there, never what was sent. */
export function describeIssues({ issues }: z.ZodError): string {
  return issues
    .slice(0, maxIssues)
    .map(({ path, message }) => {
      const where = path.map((key) => (profileKeyForm.test(String(key)) ? String(key) : "?")).join(".");
      return `${where === "" ? "the body" : where}: ${message}`;
    })
    .join("; ");
}
