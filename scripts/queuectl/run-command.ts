// Does what one command says: asks the queue, and has its document ready to be printed, for people
// or as it is.
import { Unexpected } from "../self-test/reply.ts";
import { askQueue } from "./ask-queue.ts";
import type { ActCommand, ActName, Done, JobsCommand, QueuectlCommand, WatchCommand } from "./command.ts";
import {
  actReplySchema,
  cancelReplySchema,
  type Dashboard,
  dashboardSchema,
  explanationSchema,
  rerunReplySchema,
} from "./documents.ts";
import { makeLegible } from "./legible.ts";
import { loadHistory } from "./load-history.ts";
import { renderActReply } from "./render-act.ts";
import { renderJobs } from "./render-jobs.ts";
import { renderMonitors } from "./render-monitors.ts";
import { renderStatus } from "./render-status.ts";
import { renderWhy } from "./render-why.ts";

/** Rejects with Unexpected where the queue says no, something unexpected, or nothing. */
export async function runCommand(command: Exclude<QueuectlCommand, WatchCommand>): Promise<Done> {
  switch (command.name) {
    case "status": {
      const { document } = await askQueue(command, "GET", "/dashboard.json", dashboardSchema);
      return { document, render: () => renderStatus(document, command.token) };
    }
    case "jobs": {
      const { document } = await askQueue(command, "GET", "/dashboard.json", dashboardSchema);
      const narrowed = narrow(document, command);
      return { document: narrowed, render: () => renderJobs(narrowed, command.isAll, command.token) };
    }
    case "monitors": {
      const { document } = await askQueue(command, "GET", "/dashboard.json", dashboardSchema);
      return { document, render: () => renderMonitors(document, command.token) };
    }
    case "drain":
    case "resume":
    case "pause":
    case "unpause":
    case "forget-monitor":
    case "forget-profile":
      return await act(command);
    case "cancel": {
      const { uniqueId, note, by, token } = command;
      const path = `/jobs/${encodeURIComponent(uniqueId)}/cancel?${new URLSearchParams({ note, by })}`;
      const { document } = await askQueue(command, "POST", path, cancelReplySchema);
      const { state } = document;
      const said = state === "cancelled" ? "is cancelled" : `was over already: ${state}`;
      return { document, render: () => [makeLegible(`${uniqueId} ${said}.`, token)] };
    }
    case "rerun": {
      const { uniqueId, note, by, token } = command;
      const path = `/jobs/${encodeURIComponent(uniqueId)}/rerun?${new URLSearchParams({ note, by })}`;
      const { document } = await askQueue(command, "POST", path, rerunReplySchema);
      const said = `${uniqueId} is ${document.state}, for the ${ordinal(document.generation)} time.`;
      return { document, render: () => [makeLegible(said, token)] };
    }
    case "why": {
      const { uniqueId, token } = command;
      const path = `/jobs/${encodeURIComponent(uniqueId)}/explain`;
      const { document } = await askQueue(command, "GET", path, explanationSchema);
      return { document, render: () => renderWhy(document, token) };
    }
    case "history":
      return await loadHistory(command);
  }
}

/** 2nd, 3rd, 4th, 11th. */
function ordinal(count: number): string {
  const endings: Partial<Record<Intl.LDMLPluralRule, string>> = { one: "st", two: "nd", few: "rd" };
  const rule = new Intl.PluralRules("en", { type: "ordinal" }).select(count);
  return `${count}${endings[rule] ?? "th"}`;
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

const routeOf = {
  drain: ["monitors", "drain"],
  resume: ["monitors", "resume"],
  pause: ["profiles", "pause"],
  unpause: ["profiles", "resume"],
  "forget-monitor": ["monitors", "forget"],
  "forget-profile": ["profiles", "forget"],
} as const satisfies Record<ActName, readonly [kind: string, verb: string]>;

async function act(command: ActCommand): Promise<Done> {
  const { name, what, note, by, until, token } = command;
  const [kind, verb] = routeOf[name];
  const query = new URLSearchParams({ note, by, ...(until === null ? {} : { until }) });
  const path = `/${kind}/${encodeURIComponent(what)}/${verb}?${query}`;
  const { document } = await askQueue(command, "POST", path, actReplySchema);
  return { document, render: () => [makeLegible(renderActReply(name, what, document), token)] };
}
