// Which runner serves which job, as a monitor's dashboard last showed it: runners that are reserved
// for one job, and whether they are busy with it. All instances share it, since only one of them
// reads each dashboard.
import { z } from "zod";
import type { ShownRunner } from "./monitors.ts";

export const sightingSchema = z.object({
  id: z.string(),
  /** of the job that it is reserved for, in lower case */
  uniqueId: z.string(),
  isBusy: z.boolean(),
  /** when it was first shown so, ms */
  since: z.number(),
});
export type Sighting = z.infer<typeof sightingSchema>;

/** No honest monitor has more at once; what it shows beyond them is left out. */
const maxSightings = 500;
const uniqueIdPattern = /^[a-z0-9._-]{1,128}$/;

/**
 * What a monitor shows now, each sighting with the time since when it is so; the same object where
 * nothing changed. A runner that is reserved for two jobs serves neither.
 */
export function seeRunners(
  before: readonly Sighting[],
  runners: readonly ShownRunner[],
  now: number,
): readonly Sighting[] {
  const known = new Map(before.map((sighting) => [sighting.id, sighting]));
  const seen: Sighting[] = [];
  for (const { id, isBusy, reservedFor } of runners) {
    const uniqueId = reservedFor[0] ?? "";
    if (reservedFor.length !== 1 || !uniqueIdPattern.test(uniqueId) || seen.length >= maxSightings) continue;
    const last = known.get(id);
    const isSame = last !== undefined && last.uniqueId === uniqueId && last.isBusy === isBusy;
    seen.push(isSame ? last : { id, uniqueId, isBusy, since: now });
  }
  const isUnchanged = seen.length === before.length && seen.every((sighting) => known.get(sighting.id) === sighting);
  return isUnchanged ? before : seen;
}
