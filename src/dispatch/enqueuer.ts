// Enqueue, from the limits over booking the id to the place in line. Whoever is refused leaves
// nothing behind in the store, where their caller is one of those that limits are for.
import type { AdmissionRefusal } from "../queue/admission.ts";
import type { JobRequest } from "../queue/job/job.ts";
import { type EnqueueReply, enqueueOperation, previewOrderOperation } from "../queue/operations/enqueue.ts";
import type { IdBooking } from "./id-booking.ts";
import type { JobLimits } from "./job-limits.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

export type EnqueueAnswer = Exclude<EnqueueReply, { kind: "booking_too_old" }> | { readonly kind: AdmissionRefusal };

export interface EnqueueOptions {
  /** the caller goes elsewhere if more runners than this have to come free first */
  readonly maxRunnersBefore?: number | undefined;
  /**
   * the caller speaks for one repository, by GitHub's word or a token bound to it: held to the
   * limits of run and repository
   */
  readonly isCounted?: boolean;
  /** nobody will poll: the job is there as long as GitHub says that it waits */
  readonly isDetached?: boolean | undefined;
  /** the class follows from the caller's claims, and is nothing that they ask for */
  readonly isClassProven?: boolean | undefined;
  /** which attempt of its run asks */
  readonly runAttempt?: number | undefined;
  /** which trace the caller is part of */
  readonly traceParent?: string | undefined;
}

/**
 * @param isFleetKnown whether every monitor was heard of since the store knows anything; asked only
 * where a job would be refused
 */
export function createEnqueuer(
  runner: OperationRunner,
  booking: IdBooking,
  limits: JobLimits,
  isFleetKnown: () => Promise<boolean>,
): (request: JobRequest, options?: EnqueueOptions) => Promise<EnqueueAnswer> {
  const enqueueBooked = async (
    request: JobRequest,
    asked: EnqueueOptions,
    isKnown: boolean,
  ): Promise<EnqueueAnswer> => {
    const { uniqueId, profileKey } = request;
    for (let isAnew = false; ; isAnew = true) {
      const booked = await booking.book(uniqueId, profileKey, isAnew);
      if (booked.kind !== "booked") return { kind: booked.kind };
      const command = { ...asked, request, bookedAt: booked.at, isFleetKnown: isKnown };
      const reply = await runner.run(enqueueOperation(command));
      if (reply.kind !== "booking_too_old") return reply;
      // booked anew and yet too old: this process is slower than a commit may be
      if (isAnew) return { kind: "settling" };
    }
  };
  const enqueueAdmitted = async (
    request: JobRequest,
    options: EnqueueOptions,
    isKnown: boolean,
  ): Promise<EnqueueAnswer> => {
    const { isCounted = false, maxRunnersBefore } = options;
    const order =
      maxRunnersBefore === undefined ? null : await runner.run(previewOrderOperation(request.profileKey, request));
    const asked = { ...options, ...(order !== null && { order }) };
    const look = () => runner.run(enqueueOperation({ ...asked, request, bookedAt: 0, isFleetKnown: isKnown }));
    const seen = isCounted ? await look() : null;
    if (seen !== null && seen.kind !== "booking_too_old") return seen;
    const { refusal, withdraw } = await limits.admit(request, isCounted);
    if (refusal === null) {
      const reply = await enqueueBooked(request, asked, isKnown);
      if (reply.kind !== "accepted") await withdraw();
      return reply;
    }
    await withdraw();
    // a job that is in line already needs nobody's leave
    const known = seen ?? (await look());
    return known.kind === "booking_too_old" ? { kind: refusal } : known;
  };
  return async function enqueue(request, options = {}) {
    const reply = await enqueueAdmitted(request, options, false);
    // what is refused for good is looked at twice: the fleet's targets may just not be known yet
    if (reply.kind !== "fleet_unknown" || !(await isFleetKnown())) return reply;
    return await enqueueAdmitted(request, options, true);
  };
}
