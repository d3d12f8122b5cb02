// Hang-up: a held request ended before its time. Its job is due to be polled at once, as after an
// enqueue. Nothing happens where another request spoke for the job since: those declare themselves
// anew.
import { isOver, type Ticket } from "../job/job.ts";
import { presenceAfterHangUp } from "../job/presence.ts";
import type { Operation } from "../profile.ts";

export function hangUpOperation({ uniqueId, profileKey }: Ticket, holder: string): Operation<null> {
  return {
    name: "hang_up",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }] },
    decide: (view) => {
      const { job } = view.job(uniqueId);
      if (job === null || job.holder !== holder || isOver(job.state)) return { answer: null };
      const { heldUntil: _, ...rest } = job;
      const after = { ...rest, ...presenceAfterHangUp(view.now, view.settings) };
      return { answer: null, change: { jobs: [{ before: job, after }], wake: [uniqueId] } };
    },
  };
}
