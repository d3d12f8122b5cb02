// Jobs come in line, one or many in a request: of profiles that somebody keeps, and told to whoever
// has to know.
import type { Observe } from "../queue/events.ts";
import type { JobRequest } from "../queue/job/job.ts";
import { type BatchDeps, createBatchEnqueuer, type EnqueueTogether } from "./batch-enqueuer.ts";
import { createEnqueuer, type EnqueueAnswer, type EnqueueOptions } from "./enqueuer.ts";
import type { ProfileNames } from "./profile-names.ts";

export interface Enqueuing {
  /** A job takes its place. Throws StoreUnavailable. */
  readonly enqueue: (request: JobRequest, options?: EnqueueOptions) => Promise<EnqueueAnswer>;
  /** Many jobs take places together; where one is told "not now", all are. Throws StoreUnavailable. */
  readonly enqueueTogether: EnqueueTogether;
}

export interface EnqueuingDeps extends Omit<BatchDeps, "judgeProfile"> {
  readonly names: ProfileNames;
  readonly observe: Observe;
  /** somebody waits in this profile's line */
  readonly noteWaiting: (profileKey: string) => void;
  /** nobody will poll for this job, of which GitHub has not spoken */
  readonly noteDetached: (job: JobRequest) => void;
}

export function createEnqueuing(deps: EnqueuingDeps): Enqueuing {
  const { runner, booking, limits, isFleetKnown, names, observe, noteWaiting } = deps;
  /**
   * A profile of which nobody ever heard is refused, once every monitor was heard: what they show
   * was written before that.
   */
  const judgeProfile = async (profileKey: string): Promise<EnqueueAnswer | null> => {
    if (await names.isKnown(profileKey)) return null;
    if (!(await isFleetKnown())) return { kind: "fleet_unknown" };
    return (await names.isKnown(profileKey)) ? null : { kind: "unsatisfiable", targets: 0 };
  };
  const enqueueOne = createEnqueuer(runner, booking, limits, isFleetKnown);
  const enqueueMany = createBatchEnqueuer({ ...deps, judgeProfile });
  const noteAnswer = (request: JobRequest, options: EnqueueOptions | undefined, answer: EnqueueAnswer): void => {
    const { profileKey } = request;
    if (answer.kind === "accepted") noteWaiting(profileKey);
    if (answer.kind === "accepted" && answer.isNew && options?.isDetached === true) deps.noteDetached(request);
    const outcome = answer.kind === "accepted" && !answer.isNew ? "repeated" : answer.kind;
    observe({ kind: "enqueue_answered", profileKey, outcome });
  };
  return {
    enqueue: async (request, options) => {
      const answer = (await judgeProfile(request.profileKey)) ?? (await enqueueOne(request, options));
      if (answer.kind === "accepted" && answer.isNew) {
        const { className, place, share } = answer;
        observe({ kind: "enqueued", job: { ...request, className, place, share } });
      }
      noteAnswer(request, options, answer);
      return answer;
    },
    enqueueTogether: async (items, isAllWanted) => {
      const reply = await enqueueMany(items, isAllWanted);
      for (const [at, { request, options }] of items.entries()) {
        const answer = reply.answers[at] ?? null;
        if (answer !== null) noteAnswer(request, options, answer);
      }
      return reply;
    },
  };
}
