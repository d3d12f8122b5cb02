// What we read of a monitor's /dashboard.json. Everything else in it is left alone, and a part that
// is absurd spoils only itself.
import { z } from "zod";
import type { ProfileCounts } from "../../queue/fleet/fleet.ts";
import type { HeldRunner } from "../../queue/job/job.ts";
import { type AnswerShape, inShape, runnerIdSchema, writeRunner } from "../runner-json.ts";

const countSchema = z.number().int().min(0).max(100_000);
const profileSchema = z.object({ idle: countSchema, target: countSchema, healthy: countSchema.catch(0) });
const profileKeySchema = z.string().regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/);
/** What no honest dashboard exceeds: beyond it the whole is refused, and its monitor backs off. */
const mostRunners = 10_000;
const mostProfiles = 256;
const mostLabels = 100;
/** No job can use more. */
const mostReserved = 1_000;
const dashboardSchema = z.object({
  // not z.record: that would copy thousands of profiles before they are counted
  profile_runner_counts: z.custom<Readonly<Record<string, unknown>>>(
    (value) =>
      typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length <= mostProfiles,
  ),
  runners: z
    .unknown()
    .transform((value): unknown[] => (Array.isArray(value) ? value : []))
    .refine((runners) => runners.length <= mostRunners),
});
const runnerSchema = z.object({
  id: runnerIdSchema,
  runner: z.object({
    registration: z.object({ labels: z.array(z.unknown()).max(mostLabels), busy: z.unknown().optional() }),
    // Not spelt out here: an absurd one must not spoil the labels.
    reservation: z.unknown().optional(),
  }),
});

export interface Dashboard {
  readonly counts: ReadonlyMap<string, ProfileCounts>;
  /**
   * each once, with all unique_ids that it is shown as reserved for, in lower case; `shown`: as the
   * monitor showed it first
   */
  readonly runners: readonly {
    readonly id: string;
    readonly reservedFor: readonly string[];
    readonly isBusy: boolean;
    readonly shown: unknown;
  }[];
}

/** The readable part of a dashboard, or null where the whole is not one. */
export function parseDashboard(value: unknown): Dashboard | null {
  const parsed = dashboardSchema.safeParse(value);
  if (!parsed.success) return null;
  const counts = new Map<string, ProfileCounts>();
  for (const [key, candidate] of Object.entries(parsed.data.profile_runner_counts)) {
    const profile = profileSchema.safeParse(candidate);
    if (profile.success && profileKeySchema.safeParse(key).success) counts.set(key, profile.data);
  }
  const runners = new Map<string, { id: string; reservedFor: string[]; isBusy: boolean; shown: unknown }>();
  for (const candidate of parsed.data.runners) {
    const runner = runnerSchema.safeParse(candidate);
    if (!runner.success) continue;
    const id = String(runner.data.id);
    const { registration, reservation } = runner.data.runner;
    const reservedFor = [...registration.labels.flatMap(readReservedLabel), ...readReservation(reservation)];
    const known = runners.get(id);
    if (known === undefined) runners.set(id, { id, reservedFor, isBusy: registration.busy === true, shown: candidate });
    else known.reservedFor.push(...reservedFor);
  }
  return { counts, runners: [...runners.values()] };
}

const reservedForPrefix = "reserved-for:";

/**
 * Deployed monitors label a runner at GitHub, which compares labels without regard to case. Not by
 * a schema: 60,000 labels that are none cost 60 ms there.
 */
function readReservedLabel(label: unknown): string[] {
  const name = readText(label, "name");
  return name?.startsWith(reservedForPrefix) ? [name.slice(reservedForPrefix.length)] : [];
}

/** Their next version keeps a record instead (servo/ci-runners#96). */
function readReservation(reservation: unknown): string[] {
  const uniqueId = readText(reservation, "unique_id");
  return uniqueId === undefined ? [] : [uniqueId];
}

function readText(value: unknown, key: string): string | undefined {
  const text: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return typeof text === "string" ? text.toLowerCase() : undefined;
}

export interface ShownReservations {
  readonly runners: readonly HeldRunner[];
  /**
   * ids of runners that are also reserved for somebody else: no evidence, for one runner serves one
   * job
   */
  readonly ambiguous: readonly string[];
}

/**
 * Runners that are reserved for a job, by a label or by a record. No two jobs' unique_ids differ by
 * case alone.
 * @param shape of an answer to a job of one runner; null: the job wants more, and its answer is a
 * list of all
 */
export function runnersReservedFor(
  dashboard: Dashboard,
  monitor: string,
  uniqueId: string,
  shape: AnswerShape | null,
): ShownReservations {
  const wanted = uniqueId.toLowerCase();
  const runners: HeldRunner[] = [];
  const ambiguous: string[] = [];
  for (const { id, reservedFor, shown } of dashboard.runners) {
    if (!reservedFor.includes(wanted)) continue;
    if (reservedFor.some((other) => other !== wanted)) ambiguous.push(id);
    else if (runners.length < mostReserved) runners.push({ monitor, id, body: answerOf(id, shown, shape) });
  }
  return { runners, ambiguous };
}

/**
 * A dashboard's runner as an answer. One that cannot be written, or is too long, is reserved all
 * the same.
 */
function answerOf(id: string, shown: unknown, shape: AnswerShape | null): string {
  const { id: givenId, runner } = shown as { id: unknown; runner: unknown };
  return inShape(shape ?? "object", writeRunner({ id: givenId, runner }) ?? JSON.stringify({ id, runner: {} }));
}
