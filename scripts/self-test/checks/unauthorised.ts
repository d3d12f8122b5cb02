// Whoever has no bearer, a wrong bearer or the ticket of another job is refused. The jobs are given
// up before their tickets are tried on each other: so even a queue that minds no ticket has nothing
// to reserve.
import { randomUUID } from "node:crypto";
import { type Check, ok } from "../check.ts";
import { expectProblem } from "../reply.ts";

export const checkUnauthorised: Check = async ({ visit }) => {
  const without = await visit.tryEnqueue({ bearer: null });
  expectProblem("enqueue without a bearer", without.reply, 401, "bearer_missing");
  const wrong = await visit.tryEnqueue({ bearer: `no-such-token-${randomUUID()}` });
  expectProblem("enqueue with a wrong bearer", wrong.reply, 403, "bearer_unknown");

  const mine = await visit.enqueue({});
  const other = await visit.enqueue({});
  await visit.giveUp(mine);
  await visit.giveUp(other);
  const foreign = await visit.tryTake(mine.uniqueId, other.ticket);
  expectProblem("take with another job's ticket", foreign, 403, "ticket_wrong");
  const unknown = await visit.tryTake(`self-test-${randomUUID()}`, "no-such-ticket");
  expectProblem("take of a job that was never enqueued", unknown, 404, "job_unknown");
  return ok("refused: no bearer, a wrong one, another job's ticket, an unknown job");
};
