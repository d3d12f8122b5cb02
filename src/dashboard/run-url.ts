// Where people look at a run.

/** Repository and run come from tickets and were checked; encoded all the same. */
export function runUrlOf(githubUrl: string, repo: string, run: string): string {
  return `${githubUrl}/${repo.split("/").map(encodeURIComponent).join("/")}/actions/runs/${encodeURIComponent(run)}`;
}
