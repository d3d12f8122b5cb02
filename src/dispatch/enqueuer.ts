// Enqueue, from booking the id to the place in line.
import type { JobRequest } from "../queue/job/job.ts";
import { type EnqueueReply, enqueueOperation } from "../queue/operations/enqueue.ts";
import type { IdBooking } from "./id-booking.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

export type EnqueueAnswer = Exclude<EnqueueReply, { kind: "booking_too_old" }>;

/** @param isFleetKnown whether every monitor was heard of since the store knows anything; asked only where a job would be refused */
export function createEnqueuer(
  runner: OperationRunner,
  booking: IdBooking,
  isFleetKnown: () => Promise<boolean>,
): (request: JobRequest, maxRunnersBefore: number | undefined) => Promise<EnqueueAnswer> {
  const enqueueBooked = async (
    request: JobRequest,
    maxRunnersBefore: number | undefined,
    isKnown: boolean,
  ): Promise<EnqueueAnswer> => {
    const { uniqueId, profileKey } = request;
    for (let isAnew = false; ; isAnew = true) {
      const booked = await booking.book(uniqueId, profileKey, isAnew);
      if (booked.kind !== "booked") return { kind: booked.kind };
      const command = { request, bookedAt: booked.at, isFleetKnown: isKnown, maxRunnersBefore };
      const reply = await runner.run(enqueueOperation(command));
      if (reply.kind !== "booking_too_old") return reply;
      // booked anew and yet too old: this process is slower than a commit may be
      if (isAnew) return { kind: "settling" };
    }
  };
  return async function enqueue(request, maxRunnersBefore) {
    const reply = await enqueueBooked(request, maxRunnersBefore, false);
    // what is refused for good is looked at twice: the fleet's targets may just not be known yet
    if (reply.kind !== "fleet_unknown" || !(await isFleetKnown())) return reply;
    return await enqueueBooked(request, maxRunnersBefore, true);
  };
}
