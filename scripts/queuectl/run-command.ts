// Does what one command says: asks the queue, and has its document ready to be printed, for people
// or as it is.
import { Unexpected } from "../self-test/reply.ts";
import { act, actOnJob } from "./act.ts";
import { askQueue } from "./ask-queue.ts";
import type { Done, JobsCommand, QueuectlCommand, WatchCommand } from "./command.ts";
import { type Dashboard, dashboardSchema, explanationSchema } from "./documents.ts";
import { loadHistory } from "./load-history.ts";
import { loadRun } from "./load-run.ts";
import { renderJobs } from "./render-jobs.ts";
import { renderMonitors } from "./render-monitors.ts";
import { renderStanding } from "./render-standing.ts";
import { renderStatus } from "./render-status.ts";
import { renderWhy } from "./render-why.ts";

/** Rejects with Unexpected where the queue says no, something unexpected, or nothing. */
export async function runCommand(command: Exclude<QueuectlCommand, WatchCommand>): Promise<Done> {
  switch (command.name) {
    case "status": {
      const { document } = await askQueue(command, "GET", "/dashboard.json", dashboardSchema);
      return { document, render: (paper) => renderStatus(document, paper) };
    }
    case "jobs": {
      const { document } = await askQueue(command, "GET", "/dashboard.json", dashboardSchema);
      const narrowed = narrow(document, command);
      return { document: narrowed, render: (paper) => renderJobs(narrowed, command.isAll, paper) };
    }
    case "monitors": {
      const { document } = await askQueue(command, "GET", "/dashboard.json", dashboardSchema);
      return { document, render: (paper) => renderMonitors(document, paper) };
    }
    case "drain":
    case "resume":
    case "pause":
    case "unpause":
    case "forget-monitor":
    case "forget-profile":
      return await act(command);
    case "cancel":
    case "rerun":
    case "expedite":
      return await actOnJob(command);
    case "why":
    case "explain": {
      const path = `/jobs/${encodeURIComponent(command.uniqueId)}/explain`;
      const { document } = await askQueue(command, "GET", path, explanationSchema);
      const render = command.name === "why" ? renderWhy : renderStanding;
      return { document, render: (paper) => render(document, paper) };
    }
    case "run":
      return await loadRun(command);
    case "history":
      return await loadHistory(command);
  }
}

/** Of the dashboard only what is about the profile, the repository and the state. */
function narrow(dashboard: Dashboard, command: JobsCommand): Dashboard {
  const { profiles, ends, ...rest } = narrowToProfile(dashboard, command.profile);
  const isWanted = (repo: string | null, state: string): boolean =>
    (command.repo === null || repo?.toLowerCase() === command.repo.toLowerCase()) &&
    (command.state === null || state === command.state);
  return {
    ...rest,
    profiles: profiles.map((profile) => {
      const jobs = profile.jobs.filter(({ qualified_repo, state }) => isWanted(qualified_repo, state));
      const left = profile.jobs.filter((job) => job.state === "queued" && !jobs.includes(job)).length;
      // those further back are not looked at, and still said to be there
      return { ...profile, jobs, waiting: profile.waiting - left };
    }),
    ends: ends.filter(({ qualified_repo, what }) => isWanted(qualified_repo, what)),
  };
}

function narrowToProfile(dashboard: Dashboard, profile: string | null): Dashboard {
  if (profile === null) return dashboard;
  const profiles = dashboard.profiles.filter(({ profile_key }) => profile_key === profile);
  if (profiles.length === 0) throw new Unexpected("No monitor and no job ever named this profile.");
  return { ...dashboard, profiles, ends: dashboard.ends.filter(({ profile_key }) => profile_key === profile) };
}
