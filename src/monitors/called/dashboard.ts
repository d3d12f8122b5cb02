// What we read of a monitor's /dashboard.json. Everything else in it is left alone, and a part that is absurd spoils only itself.
import { z } from "zod";
import type { ProfileCounts } from "../../queue/fleet.ts";
import type { HeldRunner } from "../../queue/job.ts";
import { runnerIdSchema, writeJson } from "./runner-json.ts";

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
  profile_runner_counts: z
    .record(z.string(), z.unknown())
    .refine((counts) => Object.keys(counts).length <= mostProfiles),
  runners: z
    .unknown()
    .transform((value): unknown[] => (Array.isArray(value) ? value : []))
    .refine((runners) => runners.length <= mostRunners),
});
const runnerSchema = z.looseObject({
  id: runnerIdSchema,
  runner: z.looseObject({
    registration: z.looseObject({ labels: z.array(z.unknown()).max(mostLabels) }),
    // Not spelt out here: an absurd one must not spoil the labels.
    reservation: z.unknown().optional(),
  }),
});
const labelSchema = z.object({ name: z.string() });
const reservationSchema = z.object({ unique_id: z.string() });
const reservedForPrefix = "reserved-for:";

export interface Dashboard {
  readonly counts: ReadonlyMap<string, ProfileCounts>;
  /** readable runners, as the monitor showed them, and the unique_ids that they are reserved for, in lower case */
  readonly runners: readonly {
    readonly id: string;
    readonly reservedFor: readonly string[];
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
  const runners = parsed.data.runners.flatMap((candidate) => {
    const runner = runnerSchema.safeParse(candidate);
    if (!runner.success) return [];
    const { registration, reservation } = runner.data.runner;
    const reservedFor = [...readReservedLabels(registration.labels), ...readReservation(reservation)];
    return [{ id: String(runner.data.id), reservedFor, shown: candidate }];
  });
  return { counts, runners };
}

/** Deployed monitors label a runner at GitHub, which compares labels without regard to case. */
function readReservedLabels(labels: readonly unknown[]): string[] {
  return labels.flatMap((label) => {
    const name = labelSchema.safeParse(label).data?.name.toLowerCase();
    return name?.startsWith(reservedForPrefix) ? [name.slice(reservedForPrefix.length)] : [];
  });
}

/** Their next version keeps a record instead (servo/ci-runners#96). */
function readReservation(reservation: unknown): string[] {
  const uniqueId = reservationSchema.safeParse(reservation).data?.unique_id;
  return uniqueId === undefined ? [] : [uniqueId.toLowerCase()];
}

/** Runners that are reserved for a job, each once. No two jobs' unique_ids differ by case alone. */
export function runnersReservedFor(dashboard: Dashboard, monitor: string, uniqueId: string): HeldRunner[] {
  const wanted = uniqueId.toLowerCase();
  return dashboard.runners
    .filter(({ reservedFor }) => reservedFor.includes(wanted))
    .slice(0, mostReserved)
    .map(({ id, shown }) => ({ monitor, id, body: answerOf(id, shown) }));
}

/** A dashboard's runner in the shape of a take's answer. One that cannot be written is reserved all the same. */
function answerOf(id: string, shown: unknown): string {
  const { id: givenId, runner } = shown as { id: unknown; runner: unknown };
  return writeJson({ id: givenId, runner }) ?? JSON.stringify({ id, runner: {} });
}
