// What is asked twice is done once: the same enqueue gets the same ticket, and with --take the same
// take gets the same answer. A response that was lost on its way costs nothing.
import { type Check, ok } from "../check.ts";
import { expectOk, expectProblem, Unexpected } from "../reply.ts";

export const checkReplayed: Check = async ({ visit, command }) => {
  const place = await visit.enqueue({});
  const { uniqueId } = place;
  const again = await visit.enqueue({ uniqueId });
  if (again.ticket !== place.ticket) throw new Unexpected("the same enqueue got another ticket");
  const other = await visit.tryEnqueue({ uniqueId, runId: command.runId === "1" ? "2" : "1" });
  expectProblem("enqueue of the same unique_id for another run", other.reply, 409, "id_conflict");
  if (!command.isTaking) {
    await visit.giveUp(place);
    return ok("the same enqueue, the same ticket; another run under this unique_id was refused");
  }
  const first = await visit.takeInTurn(place);
  expectOk("take", first, "application/json");
  if (first.body === "null") throw new Unexpected("take was answered null: taking failed for good");
  const second = await visit.takeInTurn(place);
  expectOk("the same take again", second, "application/json");
  if (second.body !== first.body) throw new Unexpected("the same take again got another answer");
  return ok("the same enqueue, the same ticket; another run refused; the same take, the same answer");
};
