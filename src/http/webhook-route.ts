// POST /github/webhook: GitHub says how its jobs stand. Only what it signed is read. It never sends
// an event again by itself, so whatever is not about us is acknowledged, and counted.
import type { Context } from "hono";
import { isRepoAllowed } from "../auth/allowed-repos.ts";
import { readOrDiscard, readWhole } from "../bounded-body.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import { readJobLabels } from "../github/job-labels.ts";
import {
  maxDeliveryBytes,
  maxSentBytes,
  parseWorkflowJobEvent,
  type SignatureCheck,
  type WorkflowJob,
} from "../github/webhook.ts";
import type { DeliveryOutcome, Observe } from "../queue/events.ts";
import { StoreUnavailable } from "../queue/store.ts";
import { type ProblemCode, refuse, unstored } from "./problem.ts";

export interface WebhookDeps {
  readonly dispatcher: Pick<Dispatcher, "hearGithub">;
  /** by GITHUB_WEBHOOK_SECRETS */
  readonly signatures: SignatureCheck;
  readonly allowedRepos: readonly string[];
  readonly observe: Observe;
}

export function createWebhookRoute(deps: WebhookDeps): (c: Context) => Promise<Response> {
  const count = (outcome: DeliveryOutcome) => deps.observe({ kind: "github_delivery", outcome });
  const object = (outcome: DeliveryOutcome, code: ProblemCode, headers: Record<string, string> = {}): Response => {
    count(outcome);
    return refuse(code, undefined, headers);
  };
  const acknowledge = (status: 202 | 204, outcome: DeliveryOutcome): Response => {
    count(outcome);
    return new Response(null, { status, headers: unstored });
  };

  /** What is of a repository of ours and names a job reaches it. */
  const tell = async (said: WorkflowJob): Promise<DeliveryOutcome> => {
    if (!isRepoAllowed(deps.allowedRepos, said.qualifiedRepo)) return "other_repository";
    const named = readJobLabels(said.labels);
    return named === null ? "other_job" : await deps.dispatcher.hearGithub({ ...said, ...named });
  };

  return async function hearWebhook(c) {
    const signature = c.req.header("x-hub-signature-256");
    if (signature === undefined) return object("signature_missing", "signature_missing");
    const body = await readBody(c);
    if (body === null) return object("too_large", "delivery_too_large", { connection: "close" });
    if (!(await deps.signatures.isGenuine(body, signature))) return object("signature_wrong", "signature_wrong");
    if (c.req.header("x-github-event") !== "workflow_job") return acknowledge(204, "other_event");
    const event = parseWorkflowJobEvent(body);
    if (event.kind === "malformed") return object("malformed", "delivery_malformed");
    if (event.kind === "other") return acknowledge(204, "other_event");
    try {
      return acknowledge(202, await tell(event.said));
    } catch (error) {
      if (error instanceof StoreUnavailable) count("store_away");
      throw error;
    }
  };
}

/** The bytes as they came; null where there are too many. */
async function readBody(c: Context): Promise<Uint8Array | null> {
  if (Number(c.req.header("content-length") ?? 0) > maxSentBytes) return null;
  return await readWhole(readOrDiscard(c.req.raw, maxDeliveryBytes, maxSentBytes));
}
