// A job of a run in GitHub's words.
import { headSha, nodeId, wholeSeconds } from "./artifact-json.ts";
import type { Job, Run } from "./repositories.ts";

/** A cancelled run has cancelled whatever was not completed. */
export function writeJob(apiUrl: string, run: Run, job: Job): Record<string, unknown> {
  const { id, name, createdAt, attempt, labels } = job;
  const { fullName } = run.repository;
  const wasCancelled = run.isCancelled && job.status !== "completed";
  const status = wasCancelled ? "completed" : job.status;
  const isCompleted = status === "completed";
  const hasStarted = status !== "queued";
  const url = `${apiUrl}/repos/${fullName}`;
  return {
    id,
    run_id: Number(run.id),
    workflow_name: "CI",
    head_branch: "main",
    run_url: `${url}/actions/runs/${run.id}`,
    run_attempt: attempt,
    node_id: nodeId("CheckRun", id),
    head_sha: headSha(run),
    url: `${url}/actions/jobs/${id}`,
    html_url: `https://github.com/${fullName}/actions/runs/${run.id}/job/${id}`,
    status,
    conclusion: isCompleted ? (wasCancelled ? "cancelled" : "success") : null,
    created_at: wholeSeconds(createdAt),
    // GitHub states a time of start for a queued job too: that of its creation.
    started_at: wholeSeconds(createdAt),
    completed_at: isCompleted ? wholeSeconds(createdAt) : null,
    name,
    steps: [],
    check_run_url: `${url}/check-runs/${id}`,
    labels: [...labels],
    runner_id: hasStarted ? id : null,
    runner_name: hasStarted ? `runner-${id}` : null,
    runner_group_id: hasStarted ? 1 : null,
    runner_group_name: hasStarted ? "Default" : null,
  };
}
