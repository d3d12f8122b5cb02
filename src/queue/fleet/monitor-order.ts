// Which monitor a job asks first, beside what each has to give.
import { enqueuedAt, type Job } from "../job/job.ts";
import { type Policy, preferenceOf } from "../policy/policy.ts";

/**
 * How gladly a monitor is asked for this job: the higher the sooner. Those that lost its start
 * before come last. Where there is a policy, its preferences count, and a retry goes to another
 * host first.
 */
export function favourOf(
  policy: Policy | undefined,
  { asked, avoided, place }: Pick<Job, "asked" | "avoided" | "place">,
): (monitor: string) => number {
  const wasAsked = (monitor: string) => (asked?.[monitor] ?? 0) >= enqueuedAt(place);
  return (monitor) => {
    if (avoided?.includes(monitor) === true) return -2;
    if (policy === undefined) return 0;
    return wasAsked(monitor) ? -1 : preferenceOf(policy, monitor);
  };
}
