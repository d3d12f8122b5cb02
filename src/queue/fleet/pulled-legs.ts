// Legs at a monitor that fetches its takes, as its row keeps them:
//
//   offered --- accepted by the monitor ---> accepted --- settled, or shown by a snapshot ---> taken
//      |                                         \--- settled, or no longer listed ---------> refused
//      \--- OFFER_TTL, or its job ended ---> withdrawn
//
// The fetch is a read, the accept is the assignment. Each of these moves is one commit of the row and
// the job, so accept and withdrawal exclude each other in every instance. Closed legs are kept for a
// while: a call that comes twice is recognised by them.
import { z } from "zod";

/** What a monitor did, in its own order: the boot that did it, and one counter for all that it says. */
export const monitorOrderSchema = z.object({ bootAt: z.number(), seq: z.number() });
export type MonitorOrder = z.infer<typeof monitorOrderSchema>;

export const pulledLegSchema = z.object({
  claimId: z.string(),
  uniqueId: z.string(),
  runners: z.number().int().positive(),
  qualifiedRepo: z.string(),
  runId: z.string(),
  state: z.enum(["offered", "accepted", "taken", "refused", "withdrawn"]),
  /** when it is to be settled by (offered, accepted), or is forgotten (the others); ms */
  until: z.number(),
  /** the monitor's order of its accept, then of what settled it */
  order: monitorOrderSchema.optional(),
  /** a snapshot of the monitor lists it: what it counts as idle is without this leg's runners */
  isListed: z.boolean().optional(),
  /** it was accepted by a fetch with this key, and the same key gets it again */
  key: z.string().optional(),
  /** until when the accept may be repeated (store clock, ms) */
  repeatUntil: z.number().optional(),
  /** ids of the runners that it brought, in order */
  ids: z.array(z.string()).optional(),
});
export type PulledLeg = z.infer<typeof pulledLegSchema>;

/** What a snapshot says of the monitor itself, where it fetches its takes. */
export const pullSchema = monitorOrderSchema.extend({
  /** until when it declared to be there (store clock, ms) */
  presentUntil: z.number(),
});

/** How long a closed leg is remembered. */
const rememberedMs = 600_000;
/**
 * An open one is there until it is closed, whatever the clock says: whoever follows its claim does
 * that. Only one that nobody follows is dropped, a day after its time.
 */
const openForMs = 86_400_000;
const maxRemembered = 64;

/** Whether `order` is after `other`. Every boot is after the ones before it. */
export function isLaterOrder(order: MonitorOrder, other: MonitorOrder): boolean {
  return order.bootAt !== other.bootAt ? order.bootAt > other.bootAt : order.seq > other.seq;
}

/** Whether a leg still waits for its outcome. */
export function isOpenPulled({ state }: Pick<PulledLeg, "state">): boolean {
  return state === "offered" || state === "accepted";
}

/** Whether its monitor, which may not have heard that it accepted, may hear so again. */
export function isRepeatable({ repeatUntil = Number.POSITIVE_INFINITY }: PulledLeg, now: number): boolean {
  return now <= repeatUntil;
}

/** Whether a leg counts no longer, or need not be remembered. */
function isPast(leg: PulledLeg, now: number): boolean {
  return leg.until + (isOpenPulled(leg) ? openForMs : 0) <= now;
}

/** Open legs that still count. */
export function openPulled(legs: readonly PulledLeg[] | undefined, now: number): readonly PulledLeg[] {
  return legs?.filter((leg) => isOpenPulled(leg) && !isPast(leg, now)) ?? [];
}

/**
 * Runners that the monitor's last snapshot may still count as idle although a leg has, or may get,
 * them: exact, for the monitor lists what it accepted.
 */
export function unseenRunners(
  legs: readonly PulledLeg[] | undefined,
  snapshot: MonitorOrder | undefined,
  now: number,
): number {
  let sum = 0;
  for (const leg of legs ?? []) {
    if (leg.isListed === true || isPast(leg, now)) continue;
    const isUnseen = leg.state === "taken" && !isSeen(leg, snapshot);
    if (isOpenPulled(leg) || isUnseen) sum += leg.runners;
  }
  return sum;
}

/** Whether a snapshot is later than what settled the leg. */
function isSeen({ order }: PulledLeg, snapshot: MonitorOrder | undefined): boolean {
  return order === undefined || (snapshot !== undefined && isLaterOrder(snapshot, order));
}

/** Whether a snapshot of this order would be the first that is later than what settled some leg. */
export function showsSettled(
  legs: readonly PulledLeg[] | undefined,
  before: MonitorOrder | undefined,
  snapshot: MonitorOrder,
): boolean {
  return legs?.some((leg) => leg.state === "taken" && !isSeen(leg, before) && isSeen(leg, snapshot)) ?? false;
}

/** The legs once one is changed; what is over for long is left behind. */
export function withPulledLeg(
  legs: readonly PulledLeg[] | undefined,
  claimId: string,
  change: Partial<PulledLeg>,
  now: number,
): PulledLeg[] {
  return withoutOld(legs ?? [], now).map((leg) => {
    if (leg.claimId !== claimId) return leg;
    const changed = { ...leg, ...change };
    return isOpenPulled(leg) && !isOpenPulled(changed) ? { ...changed, until: now + rememberedMs } : changed;
  });
}

/** The legs with one more. */
export function withOfferedLeg(legs: readonly PulledLeg[] | undefined, leg: PulledLeg, now: number): PulledLeg[] {
  return [...withoutOld(legs ?? [], now), leg];
}

function withoutOld(legs: readonly PulledLeg[], now: number): readonly PulledLeg[] {
  const kept = legs.filter((leg) => !isPast(leg, now));
  const closed = kept.filter((leg) => !isOpenPulled(leg));
  const dropped = new Set(closed.slice(0, Math.max(0, closed.length - maxRemembered)));
  return kept.filter((leg) => !dropped.has(leg));
}

/**
 * The name under which a monitor's held fetches are woken, beside jobs' ids: no id holds this
 * character.
 */
export function wakeNameOf(monitor: string): string {
  return `@${monitor}`;
}
