// How a job of some runners fares: it stands in line, and gets its runners, or, where none are to
// be taken, gives its place up unpolled.
import { z } from "zod";
import { type Finding, ok, type Situation } from "./check.ts";
import { expectJson, Unexpected } from "./reply.ts";
import type { Place } from "./visit.ts";

const runnerSchema = z.looseObject({
  id: z.union([z.int(), z.string()]),
  runner: z.looseObject({ registration: z.looseObject({ name: z.string().optional() }).optional() }),
});
type Runner = z.infer<typeof runnerSchema>;
/** A monitor may answer one runner as a list of one. */
export const answerSchema = z.union([runnerSchema.transform((runner) => [runner]), z.array(runnerSchema), z.null()]);

/** @param place of a job that was just enqueued */
export async function checkReservation({ visit, command }: Situation, place: Place): Promise<Finding> {
  const { state, position } = await visit.look(place);
  const isWaiting = (state === "queued" && position !== null) || state === "claimed";
  if (!isWaiting)
    throw new Unexpected(`GET /jobs shows a job that was just enqueued as ${state}, position ${position}`);
  const stood = position === null ? `enqueued, ${state}` : `enqueued at position ${position}`;
  if (!command.isTaking) {
    await visit.giveUp(place);
    return ok(`${stood}, shown, given up, shown as cancelled`);
  }
  const reply = await visit.takeInTurn(place);
  const waitedMs = performance.now() - place.answeredAt;
  const runners = expectJson("take", reply, answerSchema);
  if (runners === null) throw new Unexpected("take was answered null: taking failed for good");
  const names = new Set(runners.map(nameOf));
  if (runners.length !== place.count || names.size !== place.count) {
    throw new Unexpected(`take was answered ${names.size} distinct runners, not ${place.count}`);
  }
  const after = await visit.look(place);
  if (after.state !== "taken") throw new Unexpected(`GET /jobs shows a job that has its runners as ${after.state}`);
  return ok(`${stood}, got ${[...names].join(", ")} after ${(waitedMs / 1000).toFixed(1)} s`);
}

/** What GitHub knows it as. Ids alone are a monitor's own: two monitors may use the same. */
export function nameOf(runner: Runner): string {
  return runner.runner.registration?.name ?? JSON.stringify(runner);
}
