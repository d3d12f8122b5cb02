// What a refusal costs a job, once evidence shows that its monitors reserved nothing for it.
//
//   others were refused there as well ---> the monitors are to blame: it costs nothing; after three in a row the job stands aside
//   it would be the job's last, and others wait ---> let pass once: the job stands aside, and whoever is tried next shows
//                                                    whether it is the monitors
//   else ---> one of MAX_ATTEMPTS
import type { QueueSettings } from "../settings.ts";
import type { Job } from "./job.ts";

/** How long a job that would be over by its next refusal lets others be tried before it. */
const spareMs = 5_000;

/**
 * The job's figures after a claim brought it nothing. `now` is the store's clock in ms.
 * @param isCharged the refusal counts against the job, by what is known now
 * @param doOthersWait another job is there that could be tried at the same monitors
 */
export function withRefusal(
  job: Job,
  isCharged: boolean,
  doOthersWait: boolean,
  now: number,
  { maxAttempts }: Pick<QueueSettings, "maxAttempts">,
): Job {
  const isLast = job.refusals + 1 >= maxAttempts;
  const isSparedNow = isCharged && isLast && doOthersWait && job.isSpared !== true;
  if (isCharged && !isSparedNow) return { ...job, refusals: job.refusals + 1 };
  const unchargedRefusals = (job.unchargedRefusals ?? 0) + 1;
  const asideMs = isSparedNow ? spareMs : decideAsideMs(unchargedRefusals);
  return {
    ...job,
    unchargedRefusals,
    ...(isSparedNow && { isSpared: true }),
    ...(asideMs > 0 && { asideUntil: Math.max(job.asideUntil ?? 0, now + asideMs) }),
  };
}

/**
 * Where monitors refuse everybody, a job that was refused again and again lets the next one try: if
 * that is served, the monitors are well, and further refusals count against the job.
 */
function decideAsideMs(unchargedRefusals: number): number {
  return unchargedRefusals < 3 ? 0 : Math.min(30_000, 1_000 * 2 ** Math.min(unchargedRefusals - 3, 5));
}
