// One job, looked at and moved: how it stands, why it waits, and an operator's word that it comes
// first.

import type { OperatorWords } from "../queue/acts.ts";
import type { Observe } from "../queue/events.ts";
import { type Job, ticketOf } from "../queue/job/job.ts";
import { orderOf } from "../queue/line/line.ts";
import { type ExpediteReply, expediteOperation } from "../queue/operations/expedite.ts";
import { explainShareOperation, type ShareStanding } from "../queue/operations/explain-share.ts";
import { type InspectReply, inspectOperation } from "../queue/operations/inspect.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

export interface JobLooks {
  /** How a job stands. */
  inspect(profileKey: string, uniqueId: string): Promise<Exclude<InspectReply, { kind: "unplaced" }>>;
  /** How it stands in a line that is shared; null: places are the order. */
  explainShare(job: Job): Promise<ShareStanding | null>;
  /** An operator puts a job to the front of its profile's line. */
  expedite(profileKey: string, uniqueId: string, operator: OperatorWords): Promise<ExpediteReply>;
}

export function createJobLooks(runner: OperationRunner, observe: Observe): JobLooks {
  return {
    inspect: async (profileKey, uniqueId) => {
      const found = await runner.run(inspectOperation(profileKey, uniqueId, null));
      if (found.kind !== "unplaced") return found;
      const placed = await runner.run(inspectOperation(profileKey, uniqueId, orderOf(found.job)));
      return placed.kind === "unplaced" ? { kind: "unknown" } : placed;
    },
    explainShare: async (job) => await runner.run(explainShareOperation(job.profileKey, job.uniqueId, orderOf(job))),
    expedite: async (profileKey, uniqueId, operator) => {
      const reply = await runner.run(expediteOperation(profileKey, uniqueId, operator));
      if (reply.kind === "expedited" && reply.isNew) {
        observe({ kind: "expedited", job: ticketOf(reply.job), ...operator });
      }
      return reply;
    },
  };
}
