// A job of three runners gets its place in line, and with --take three different runners in one
// answer.
import { type Check, skipped } from "../check.ts";
import { loadLargestCount } from "../largest-count.ts";
import { codeOfProblem, describeReply } from "../reply.ts";
import { checkReservation } from "../reservation.ts";
import { expectPlace } from "../visit.ts";

const count = 3;

export const checkThreeAtOnce: Check = async (situation) => {
  const { visit } = situation;
  const largest = await loadLargestCount(situation);
  if (largest < count) return skipped(`no job may ask for more runners than ${largest} here`);
  const enqueued = await visit.tryEnqueue({ count });
  if (enqueued.reply.status === 422 && codeOfProblem(enqueued.reply) === "unsatisfiable") {
    return skipped(describeReply(enqueued.reply));
  }
  return await checkReservation(situation, expectPlace(enqueued, count));
};
