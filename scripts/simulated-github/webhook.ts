// What GitHub sends to a webhook of a repository: `workflow_job` events in its own words, signed.
import { createHmac } from "node:crypto";
import { wholeSeconds } from "./artifact-json.ts";

export interface WorkflowJobState {
  readonly repo: string;
  readonly runId: number;
  readonly id: number;
  readonly attempt: number;
  readonly state: "queued" | "in_progress" | "completed";
  readonly labels: readonly string[];
  readonly createdAt: Date;
  readonly runner?: string;
}

/** The body of the event, as published. */
export function writeWorkflowJobEvent(job: WorkflowJobState): Record<string, unknown> {
  const { repo, runId, id, attempt, state, labels, createdAt, runner = `runner-${id}` } = job;
  const api = `https://api.github.com/repos/${repo}`;
  const hasStarted = state !== "queued";
  const isCompleted = state === "completed";
  const at = wholeSeconds(createdAt);
  return {
    action: state,
    workflow_job: {
      id,
      run_id: runId,
      workflow_name: "CI",
      head_branch: "main",
      run_url: `${api}/actions/runs/${runId}`,
      run_attempt: attempt,
      node_id: `CR_${id}`,
      head_sha: "0".repeat(40),
      url: `${api}/actions/jobs/${id}`,
      html_url: `https://github.com/${repo}/actions/runs/${runId}/job/${id}`,
      status: state,
      conclusion: isCompleted ? "success" : null,
      created_at: at,
      started_at: at,
      completed_at: isCompleted ? at : null,
      name: "build",
      steps: hasStarted ? [writeStep(isCompleted, at)] : [],
      check_run_url: `${api}/check-runs/${id}`,
      labels: [...labels],
      runner_id: hasStarted ? id : null,
      runner_name: hasStarted ? runner : null,
      runner_group_id: hasStarted ? 1 : null,
      runner_group_name: hasStarted ? "Default" : null,
    },
    repository: writeRepository(repo),
    sender: writeUser(repo.split("/")[0] ?? ""),
  };
}

/** X-Hub-Signature-256 of a body. */
export function signDelivery(body: string, secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

function writeStep(isCompleted: boolean, at: string): Record<string, unknown> {
  return {
    name: "Set up job",
    status: isCompleted ? "completed" : "in_progress",
    conclusion: isCompleted ? "success" : null,
    number: 1,
    started_at: at,
    completed_at: isCompleted ? at : null,
  };
}

/** The fields that tell which repository it is; GitHub sends some ninety links and figures more. */
function writeRepository(repo: string): Record<string, unknown> {
  const [owner = "", name = ""] = repo.split("/");
  return { id: 1, node_id: "R_1", name, full_name: repo, private: false, owner: writeUser(owner) };
}

function writeUser(login: string): Record<string, unknown> {
  return { login, id: 1, node_id: "U_1", type: "User", site_admin: false };
}
