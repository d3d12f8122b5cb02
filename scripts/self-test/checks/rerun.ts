// A job that had its runner is re-run: it gets another one, and its first ticket hears of it.
import { type Check, ok } from "../check.ts";
import { expectJson, Unexpected } from "../reply.ts";
import { answerSchema, nameOf } from "../reservation.ts";
import type { Place, Visit } from "../visit.ts";

export const checkRerun: Check = async ({ visit }) => {
  const place = await visit.enqueue({});
  const first = await takeOne(visit, place);
  const generation = await visit.rerun(place);
  if (generation !== 2) throw new Unexpected(`POST /jobs/<id>/rerun made generation ${generation}, not 2`);
  const again = await visit.rerun(place);
  if (again !== 2) throw new Unexpected(`the same re-run again made generation ${again}`);
  const second = await takeOne(visit, place);
  if (second === first) throw new Unexpected(`the re-run was given ${second} again`);
  return ok(`got ${first}, was re-run, and got ${second} by the same ticket`);
};

async function takeOne(visit: Visit, place: Place): Promise<string> {
  const [runner] = expectJson("take", await visit.takeInTurn(place), answerSchema) ?? [];
  if (runner === undefined) throw new Unexpected("take was answered without a runner");
  return nameOf(runner);
}
