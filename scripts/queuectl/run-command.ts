// Does what one command says: asks the queue, and has its document ready to be printed, for people
// or as it is.

import type { Done, QueuectlCommand, WatchCommand } from "./command-line/command.ts";
import { renderJobs } from "./paper/render-jobs.ts";
import { renderMonitors } from "./paper/render-monitors.ts";
import { renderStanding } from "./paper/render-standing.ts";
import { renderStatus } from "./paper/render-status.ts";
import { renderWhy } from "./paper/render-why.ts";
import { act, actOnJob } from "./requests/act.ts";
import { askQueue } from "./requests/ask-queue.ts";
import { dashboardSchema, explanationSchema } from "./requests/documents.ts";
import { loadHistory } from "./requests/load-history.ts";
import { loadJobs } from "./requests/load-jobs.ts";
import { loadRun } from "./requests/load-run.ts";

/** Rejects with Unexpected where the queue says no, something unexpected, or nothing. */
export async function runCommand(command: Exclude<QueuectlCommand, WatchCommand>): Promise<Done> {
  switch (command.name) {
    case "status": {
      const { document } = await askQueue(command, "GET", "/dashboard.json", dashboardSchema);
      return { document, render: (paper) => renderStatus(document, paper) };
    }
    case "jobs": {
      const document = await loadJobs(command);
      return { document, render: (paper) => renderJobs(document, command, paper) };
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
