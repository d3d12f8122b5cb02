// GitHub's webhook: whether a delivery is GitHub's own, and the few fields of a `workflow_job`
// event that we need. Source: GitHub's documentation, "Validating webhook deliveries" and "Webhook
// events and payloads".
import { z } from "zod";
import { parseJson } from "../bounded-json.ts";
import { type GithubState, githubStates, type HeardJob } from "../queue/job/github-word.ts";

/** What an honest delivery never exceeds; GitHub itself stops at 25 MB, and a job is some 10 KB. */
export const maxDeliveryBytes = 1024 * 1024;
/** The most that GitHub sends. */
export const maxSentBytes = 26 * 1024 * 1024;
const maxLabels = 100;

/** A job of GitHub's, as an event or the API says it. */
export interface WorkflowJob {
  readonly qualifiedRepo: string;
  readonly runId: string;
  readonly job: HeardJob;
  readonly labels: readonly string[];
  /** ms since 1970 */
  readonly createdAt: number;
}

export type WorkflowJobEvent =
  | { readonly kind: "job"; readonly said: WorkflowJob }
  /** an action that changes nothing here: it waits for an approval */
  | { readonly kind: "other" }
  | { readonly kind: "malformed" };

export interface SignatureCheck {
  /** @param header X-Hub-Signature-256: `sha256=` and 64 hexadecimal digits */
  isGenuine(body: Uint8Array, header: string): Promise<boolean>;
}

/** Takes as long whichever secret is right, and however much of a signature is. */
export async function createSignatureCheck(secrets: readonly string[]): Promise<SignatureCheck> {
  const keys = await Promise.all(
    secrets.map((secret) =>
      crypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
        "verify",
      ]),
    ),
  );
  return {
    isGenuine: async (body, header) => {
      const digits = /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1];
      if (digits === undefined) return false;
      const signature = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
      // verify compares in constant time
      const verdicts = await Promise.all(
        keys.map((key) => crypto.subtle.verify("HMAC", key, signature, Uint8Array.from(body))),
      );
      return verdicts.includes(true);
    },
  };
}

const idSchema = z.int().positive();
/** A job as GitHub's events and its API both spell it. */
export const workflowJobSchema = z.object({
  id: idSchema,
  run_id: idSchema,
  run_attempt: z.int().positive().max(10_000),
  labels: z.array(z.unknown()).max(maxLabels),
  runner_name: z.string().nullish(),
  created_at: z.iso.datetime({ offset: true }),
});
const eventSchema = z.object({
  action: z.string(),
  repository: z.object({
    full_name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/),
  }),
  workflow_job: workflowJobSchema,
});

/** What a genuine delivery of a `workflow_job` event says. */
export function parseWorkflowJobEvent(body: Uint8Array): WorkflowJobEvent {
  const json = parseJson(body);
  const parsed = json.kind === "json" ? eventSchema.safeParse(json.value) : null;
  if (parsed?.success !== true) return { kind: "malformed" };
  const { action, repository, workflow_job } = parsed.data;
  const state = githubStates.find((one) => one === action);
  return state === undefined
    ? { kind: "other" }
    : { kind: "job", said: sayJob(repository.full_name, state, workflow_job) };
}

/** A parsed job in our words. */
export function sayJob(
  qualifiedRepo: string,
  state: GithubState,
  { id, run_id, run_attempt, labels, runner_name, created_at }: z.output<typeof workflowJobSchema>,
): WorkflowJob {
  // only whether it is the same one matters
  const runner = state === "queued" || !runner_name ? {} : { runner: runner_name.slice(0, 64) };
  return {
    qualifiedRepo,
    runId: String(run_id),
    job: { id, attempt: run_attempt, state, ...runner },
    labels: labels.filter((label) => typeof label === "string"),
    createdAt: Date.parse(created_at),
  };
}
