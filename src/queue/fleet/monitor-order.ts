// Which monitor a job asks first, beside what each has to give.
import { enqueuedAt, type Job } from "../job/job.ts";
import { type Policy, preferenceOf } from "../policy/policy.ts";
import type { AskingOrder } from "./placement.ts";

/**
 * The order for this job. Those that lost its start before come last. Where there is a policy, its
 * preferences count, and a retry goes to another host first.
 */
export function monitorOrderOf(
  policy: Policy | undefined,
  { asked, avoided, place }: Pick<Job, "asked" | "avoided" | "place">,
): AskingOrder {
  const wasAsked = (monitor: string) => (asked?.[monitor] ?? 0) >= enqueuedAt(place);
  return {
    favour: (monitor) => {
      if (avoided?.includes(monitor) === true) return -2;
      if (policy === undefined) return 0;
      return wasAsked(monitor) ? -1 : preferenceOf(policy, monitor);
    },
    isPacked: policy?.placement === "pack",
  };
}
