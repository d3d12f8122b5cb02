// Asks GitHub's API how the jobs of a run stand, page by page. Half of the hourly budget is left to
// whoever else uses these credentials; an answer that did not change costs nothing of it.
import { z } from "zod";
import { isRepoAllowed } from "../auth/allowed-repos.ts";
import type { GithubRuns, NamedRunJob, RunReply } from "../queue/github-runs.ts";
import { githubStates } from "../queue/job/github-word.ts";
import { parseReply } from "./github-credentials.ts";
import type { AskGithub } from "./github-question.ts";
import { readJobLabels } from "./job-labels.ts";
import { sayJob, workflowJobSchema } from "./webhook.ts";

/** A job with many steps is some 10 KB: a page stays below what is read of a reply. */
const perPage = 50;
/** A matrix has at most 256 jobs. */
const maxPages = 20;
const askWithinMs = 20_000;
const shareLeft = 0.5;

const listSchema = z.object({ total_count: z.int().min(0), jobs: z.array(z.unknown()).max(perPage) });
const jobSchema = workflowJobSchema.extend({ status: z.string() });

/** @param allowedRepos whose jobs may come in line by their labels alone */
export function createGithubRuns(ask: AskGithub, allowedRepos: readonly string[]): GithubRuns {
  const askPage = async (qualifiedRepo: string, runId: string, page: number, etag: string | undefined) => {
    const query = new URLSearchParams({ filter: "latest", per_page: String(perPage), page: String(page) });
    const path = `/repos/${qualifiedRepo}/actions/runs/${runId}/jobs?${query}`;
    return await ask({ qualifiedRepo, path, signal: AbortSignal.timeout(askWithinMs), etag, shareLeft });
  };

  const askAll = async (qualifiedRepo: string, runId: string, etags: readonly string[]): Promise<RunReply> => {
    const jobs: unknown[] = [];
    const given: string[] = [];
    let isChanged = etags.length === 0;
    for (let page = 1; page <= maxPages; page++) {
      const reply = await askPage(qualifiedRepo, runId, page, isChanged ? undefined : etags[page - 1]);
      if (reply.kind === "missing") return reply;
      if (reply.kind === "trouble") {
        return reply.isSparing === true ? { kind: "sparing" } : { kind: "trouble", why: reply.why };
      }
      if (reply.status === 304 && !isChanged) {
        if (page === etags.length) return { kind: "unchanged" };
        continue;
      }
      // what the pages before it said is wanted as well
      if (!isChanged && page > 1) return await askAll(qualifiedRepo, runId, []);
      isChanged = true;
      const list = reply.status === 200 ? parseReply(reply.body, listSchema) : null;
      if (list === null) return { kind: "trouble", why: `jobs: status ${reply.status}, or not a list` };
      jobs.push(...list.jobs);
      given.push(reply.headers.get("etag") ?? "");
      if (list.jobs.length < perPage || list.total_count <= page * perPage) break;
    }
    const isAllTagged = given.every((etag) => etag !== "");
    return { kind: "jobs", ...readJobs(jobs, qualifiedRepo, allowedRepos), etags: isAllTagged ? given : [] };
  };
  return { ask: askAll };
}

/** Jobs that GitHub describes as it does, and that name one of ours. */
function readJobs(jobs: readonly unknown[], qualifiedRepo: string, allowedRepos: readonly string[]) {
  const ids = new Set<number>();
  const named: NamedRunJob[] = [];
  for (const one of jobs) {
    const parsed = jobSchema.safeParse(one);
    const id = z.object({ id: z.int() }).safeParse(one);
    if (id.success) ids.add(id.data.id);
    const state = githubStates.find((known) => known === parsed.data?.status);
    if (!parsed.success || state === undefined) continue;
    const { labels, job, createdAt } = sayJob(qualifiedRepo, state, parsed.data);
    const names = readJobLabels(labels);
    if (names === null) continue;
    const profileKey = isRepoAllowed(allowedRepos, qualifiedRepo) ? names.profileKey : null;
    named.push({ uniqueId: names.uniqueId, profileKey, job, createdAt });
  }
  return { ids, named };
}
