// The line, or of it what the command line asks for: then the whole line is looked through, page by
// page, since what somebody looks for may well stand far back.
import { Unexpected } from "../../self-test/reply.ts";
import type { JobsCommand } from "../command-line/command.ts";
import { type Asker, askQueue } from "./ask-queue.ts";
import { type Dashboard, dashboardSchema, type Job, linePageSchema, type Profile } from "./documents.ts";

/** Jobs of a page, and of each profile in the dashboard. */
const pageJobs = 100;

/**
 * The dashboard with the jobs that are asked for, and no others.
 * @param maxPages of each profile that are looked through
 */
export async function loadJobs(command: JobsCommand, maxPages = 20): Promise<Dashboard> {
  const { document } = await askQueue(command, "GET", "/dashboard.json", dashboardSchema);
  const { profile, repo, state } = command;
  if (profile === null && repo === null && state === null) return document;
  const { profiles, ends, ...rest } = document;
  const asked = profiles.filter(({ profile_key }) => profile === null || profile_key === profile);
  if (asked.length === 0 && profile !== null) throw new Unexpected("No monitor and no job ever named this profile.");
  const isWanted = (itsRepo: string | null, itsState: string): boolean =>
    (repo === null || itsRepo?.toLowerCase() === repo.toLowerCase()) && (state === null || itsState === state);
  const found: Profile[] = [];
  for (const one of asked) {
    const line = await loadLine(command, one, maxPages);
    const jobs = line.jobs.filter((job) => isWanted(job.qualified_repo, job.state));
    const waiting = countQueued(jobs) + line.notLookedAt;
    found.push({ ...one, jobs, waiting, not_looked_at: line.notLookedAt });
  }
  const isOfProfile = (key: string): boolean => profile === null || key === profile;
  const over = ends.filter((end) => isOfProfile(end.profile_key) && isWanted(end.qualified_repo, end.what));
  return { ...rest, profiles: found, ends: over };
}

interface Line {
  readonly jobs: readonly Job[];
  readonly notLookedAt: number;
}

/**
 * The last page first: a job that moves up meanwhile is met twice, not missed. The second time is
 * the newer word.
 */
async function loadLine(asker: Asker, profile: Profile, maxPages: number): Promise<Line> {
  const pages = Math.ceil((profile.waiting + profile.capacity.claimed) / pageJobs);
  if (pages <= 1) return { jobs: profile.jobs, notLookedAt: 0 };
  const path = `/profiles/${encodeURIComponent(profile.profile_key)}/jobs`;
  let jobs: readonly Job[] = [];
  let { waiting } = profile;
  for (let page = Math.min(pages, maxPages); page >= 1; page -= 1) {
    const { document } = await askQueue(asker, "GET", `${path}?page=${page}`, linePageSchema);
    const met = new Set(document.jobs.map(nameOf));
    jobs = [...document.jobs, ...jobs.filter((job) => !met.has(nameOf(job)))];
    waiting = document.waiting;
  }
  return { jobs, notLookedAt: pages <= maxPages ? 0 : Math.max(0, waiting - countQueued(jobs)) };
}

/** Ids may be shortened, and then several jobs may have the same. */
function nameOf({ unique_id, enqueued_at }: Job): string {
  return `${unique_id} ${enqueued_at}`;
}

function countQueued(jobs: readonly Job[]): number {
  return jobs.filter(({ state }) => state === "queued").length;
}
