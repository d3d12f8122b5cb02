// More runners than the fleet keeps are refused at once: waiting for them would be for ever.
import { type Check, ok, skipped } from "../check.ts";
import { loadLargestCount } from "../largest-count.ts";
import { describeReply, expectProblem } from "../reply.ts";

export const checkUnsatisfiable: Check = async (situation) => {
  const largest = await loadLargestCount(situation);
  const { reply } = await situation.visit.tryEnqueue({ count: largest });
  if (reply.status === 200) return skipped(`the fleet keeps ${largest} runners, and no job may ask for more`);
  expectProblem(`enqueue of ${largest} runners`, reply, 422, "unsatisfiable");
  return ok(`${largest} runners: ${describeReply(reply)}`);
};
