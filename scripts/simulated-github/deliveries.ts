// The webhook of the simulated GitHub: an event for each change of a job, sent as the real one
// sends them - twice, late, in any order, or never.
import { setTimeout as delay } from "node:timers/promises";
import { signDelivery, type WorkflowJobState, writeWorkflowJobEvent } from "./webhook.ts";

export interface WebhookOptions {
  /** where events go */
  readonly url: string;
  readonly secret: string;
  /** how many are lost, and how many come twice, 0 to 1; absent: none */
  readonly lost?: number;
  readonly doubled?: number;
  /** each comes up to so much later, and so in any order; absent: at once */
  readonly lateMs?: number;
  /** from 0 up to 1; absent: by chance */
  readonly random?: () => number;
}

export interface Deliveries {
  /** A job changed: its event is on its way, or lost. */
  send(job: WorkflowJobState): void;
  /** Resolves when no event is on its way. */
  settled(): Promise<void>;
  /** of what was sent: how many were lost and came twice, and the statuses that were answered */
  readonly tally: { sent: number; lost: number; doubled: number; readonly statuses: Record<number, number> };
}

export function createDeliveries(options: WebhookOptions | null): Deliveries {
  const underWay = new Set<Promise<void>>();
  const tally = { sent: 0, lost: 0, doubled: 0, statuses: {} as Record<number, number> };

  const deliver = async ({ url, secret, lateMs = 0, random = Math.random }: WebhookOptions, body: string) => {
    if (lateMs > 0) await delay(random() * lateMs);
    const headers = {
      "content-type": "application/json",
      "x-github-event": "workflow_job",
      "x-hub-signature-256": signDelivery(body, secret),
    };
    // GitHub never sends one again by itself
    const status = await fetch(url, { method: "POST", headers, body }).then(
      (reply) => reply.status,
      () => 0,
    );
    tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
  };
  return {
    tally,
    send: (job) => {
      if (options === null) return;
      const { lost = 0, doubled = 0, random = Math.random } = options;
      tally.sent += 1;
      if (random() < lost) {
        tally.lost += 1;
        return;
      }
      const isDoubled = random() < doubled;
      if (isDoubled) tally.doubled += 1;
      const body = JSON.stringify(writeWorkflowJobEvent(job));
      for (let n = 0; n < (isDoubled ? 2 : 1); n++) {
        const delivering = deliver(options, body).finally(() => underWay.delete(delivering));
        underWay.add(delivering);
      }
    },
    settled: async () => {
      await Promise.all(underWay);
    },
  };
}
