// The routes of a run: list its jobs, cancel it.
import { type Answer, json } from "./answer.ts";
import { type ApiCall, withRun } from "./api-call.ts";
import { writeJob } from "./job-json.ts";
import { pageOf } from "./page.ts";

/** Every run here is at its first attempt, so that `filter` changes nothing. */
export function listJobs(call: ApiCall): Answer {
  const { state, url } = call;
  return withRun(call, "read", (run) => {
    const page = pageOf(run.jobs, url);
    const jobs = page.items.map((job) => writeJob(state.url, run, job));
    return json(200, { total_count: run.jobs.length, jobs }, page.headers);
  });
}

export function cancelRun(call: ApiCall): Answer {
  return withRun(call, "write", (run) => {
    run.isCancelled = true;
    return json(202, {});
  });
}
