// The line: who waits, at which position, how long and why. On demand also who waited before.
import { describePresence } from "../../../src/dashboard/words.ts";
import { describeDuration } from "../../../src/duration.ts";
import type { JobsCommand } from "../command-line/command.ts";
import type { Dashboard, Entry, Job, Profile } from "../requests/documents.ts";
import type { Paper } from "./paper.ts";
import { describeWhat } from "./render-history.ts";
import { describeAgo } from "./span.ts";
import { type Column, renderTable } from "./table.ts";
import { toneOf } from "./tones.ts";

interface Row {
  readonly profile: string;
  readonly position: number | null;
  readonly id: string | null;
  readonly repo: string | null;
  readonly run: string | null;
  readonly runners: number | null;
  readonly waitedMs: number | null;
  readonly lastPoll: string | null;
  readonly state: string;
  readonly why: string;
}

const columns: readonly Column<Row>[] = [
  { title: "PROFILE", cell: ({ profile }) => profile },
  { title: "POSITION", cell: ({ position }) => position },
  { title: "JOB", cell: ({ id }) => id },
  { title: "REPOSITORY", cell: ({ repo }) => repo },
  { title: "RUN", cell: ({ run }) => run },
  { title: "RUNNERS", cell: ({ runners }) => runners },
  { title: "WAITED", cell: ({ waitedMs }) => (waitedMs === null ? null : describeDuration(waitedMs)) },
  { title: "LAST POLL", cell: ({ lastPoll }) => lastPoll },
  { title: "STATE", cell: ({ state }) => state, tone: ({ state }) => toneOf(state) },
  { title: "WHY", cell: ({ why }) => why },
];

/** @param asked the document holds no other jobs */
export function renderJobs(
  { at, profiles, ends }: Dashboard,
  asked: Pick<JobsCommand, "isAll" | "repo" | "state">,
  paper: Paper,
): readonly string[] {
  const live = profiles.flatMap(({ profile_key, jobs }) => jobs.map((job) => rowOfJob(profile_key, job, at)));
  const over = asked.isAll ? ends.map((entry) => rowOfEnd(entry, at)) : [];
  const rows = [...live, ...over];
  const hidden = profiles.reduce((sum, profile) => sum + countHidden(profile), 0);
  const isPart = asked.repo !== null || asked.state !== null;
  const none = isPart ? "None found." : "Nobody waits.";
  const rest = isPart ? `${hidden} more further back were not looked at.` : `And ${hidden} more further back.`;
  return [...(rows.length === 0 ? [none] : renderTable(columns, rows, paper)), ...(hidden === 0 ? [] : [rest])];
}

function rowOfJob(profile: string, job: Job, now: string): Row {
  return {
    profile,
    position: job.position,
    id: job.unique_id,
    repo: job.qualified_repo,
    run: job.run_id,
    runners: job.runner_count,
    waitedMs: job.waited_ms,
    lastPoll: describeLastPoll(job, now),
    state: job.state,
    why: [
      job.reason,
      ...(job.monitors.length === 0 ? [] : [`asks ${job.monitors.join(", ")}`]),
      ...(job.runners_in_hand === 0 ? [] : [`${job.runners_in_hand} in hand`]),
      ...(job.attempts < 2 ? [] : [`attempt ${job.attempts}`]),
    ].join(", "),
  };
}

/** In the words of the page. */
function describeLastPoll({ presence, last_poll_at }: Job, now: string): string {
  if (presence === "connected" || presence === "github") return describePresence(presence);
  return describeAgo(last_poll_at, now) ?? "never";
}

function rowOfEnd(entry: Entry, now: string): Row {
  return {
    profile: entry.profile_key,
    position: null,
    id: entry.unique_id,
    repo: entry.qualified_repo,
    run: entry.run_id,
    runners: entry.runner_count,
    waitedMs: entry.waited_ms,
    lastPoll: null,
    state: entry.what,
    why: [describeAgo(entry.at, now), describeWhat(entry)].filter((text) => text !== "").join(", "),
  };
}

/** Jobs that wait and are not listed. */
function countHidden({ waiting, jobs }: Profile): number {
  return Math.max(0, waiting - jobs.filter(({ state }) => state === "queued").length);
}
