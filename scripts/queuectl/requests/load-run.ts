// Every job of one run, from what happened to it: its last state, how long it waited, what it got.
import { describeDuration } from "../../../src/duration.ts";
import type { Done, RunCommand } from "../command-line/command.ts";
import type { Paper } from "../paper/paper.ts";
import { describeTime } from "../paper/span.ts";
import { type Column, renderTable } from "../paper/table.ts";
import { toneOf } from "../paper/tones.ts";
import { askQueue } from "./ask-queue.ts";
import { type Entry, historySchema } from "./documents.ts";

/** As many as the queue gives at once. */
const mostEntries = 2_000;

interface RunJob {
  readonly unique_id: string;
  readonly profile_key: string;
  readonly qualified_repo: string | null;
  readonly state: string;
  readonly since: string;
  /** until now where it waits still */
  readonly waited_ms: number | null;
  readonly runner_count: number;
  readonly is_expedited: boolean;
  readonly runners: readonly string[];
}

const columns: readonly Column<RunJob>[] = [
  { title: "JOB", cell: ({ unique_id }) => unique_id },
  { title: "PROFILE", cell: ({ profile_key }) => profile_key },
  { title: "STATE", cell: ({ state }) => state, tone: ({ state }) => toneOf(state) },
  { title: "SINCE", cell: ({ since }) => describeTime(since) },
  { title: "WAITED", cell: ({ waited_ms }) => (waited_ms === null ? null : describeDuration(waited_ms)) },
  { title: "REPOSITORY", cell: ({ qualified_repo }) => qualified_repo },
  { title: "RUNNERS", cell: ({ runner_count }) => runner_count },
  { title: "DETAILS", cell: (job) => [...(job.is_expedited ? ["expedited"] : []), ...job.runners].join(", ") || null },
];

/** Rejects with Unexpected where the queue says no, something unexpected, or nothing. */
export async function loadRun(command: RunCommand): Promise<Done> {
  const query = new URLSearchParams({ run_id: command.runId, limit: String(mostEntries) });
  const { document, at } = await askQueue(command, "GET", `/history.json?${query}`, historySchema);
  const jobs = summarizeRun(document.entries, at);
  const render = (paper: Paper) =>
    jobs.length === 0 ? ["No job of this run, as far as the queue remembers."] : renderTable(columns, jobs, paper);
  return { document: { run_id: command.runId, at, jobs }, render };
}

/**
 * The jobs in order of their first entry. @param entries newest first, as the queue gives them
 * @param now by the queue's clock
 */
export function summarizeRun(entries: readonly Entry[], now: string): readonly RunJob[] {
  const jobs = new Map<string, RunJob>();
  for (const entry of entries.toReversed()) {
    const { unique_id, what, at } = entry;
    if (unique_id === null) continue;
    const before = jobs.get(unique_id);
    if (what === "expedited") {
      if (before !== undefined) jobs.set(unique_id, { ...before, is_expedited: true });
      continue;
    }
    const isLive = what === "queued" || what === "readmitted" || what === "claimed";
    const waited = entry.waited_ms ?? 0;
    jobs.set(unique_id, {
      unique_id,
      profile_key: entry.profile_key,
      qualified_repo: entry.qualified_repo,
      state: what === "readmitted" ? "queued" : what,
      since: at,
      waited_ms: isLive ? waited + Math.max(0, Date.parse(now) - Date.parse(at)) : entry.waited_ms,
      runner_count: entry.runner_count ?? 1,
      is_expedited: before?.is_expedited ?? false,
      runners: entry.runner_names.length > 0 ? entry.runner_names : entry.runners,
    });
  }
  return [...jobs.values()];
}
