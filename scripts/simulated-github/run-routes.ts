// The routes of a run: list its jobs, cancel it.
import { createHash } from "node:crypto";
import { type Answer, empty, json } from "./answer.ts";
import { type ApiCall, withRun } from "./api-call.ts";
import { writeJob } from "./job-json.ts";
import { pageOf } from "./page.ts";

/**
 * Those of the latest attempt, unless `filter` says "all". An answer that is known is a 304, and
 * costs nothing.
 */
export function listJobs(call: ApiCall): Answer {
  const { state, url, seen } = call;
  return withRun(call, "read", (run) => {
    const latest = Math.max(...run.jobs.map(({ attempt }) => attempt));
    const all = url.searchParams.get("filter") === "all";
    const listed = all ? run.jobs : run.jobs.filter(({ attempt }) => attempt === latest);
    const page = pageOf(listed, url);
    const jobs = page.items.map((job) => writeJob(state.url, run, job));
    const answer = json(200, { total_count: listed.length, jobs }, page.headers);
    const etag = `W/"${createHash("sha256").update(String(answer.body)).digest("hex")}"`;
    if (seen.headers["if-none-match"] !== etag) return { ...answer, headers: { ...answer.headers, etag } };
    state.budget.remaining += 1;
    return empty(304, { etag });
  });
}

export function cancelRun(call: ApiCall): Answer {
  return withRun(call, "write", (run) => {
    run.isCancelled = true;
    return json(202, {});
  });
}
