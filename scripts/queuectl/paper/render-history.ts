// What happened, in order of time.
import { describeDuration } from "../../../src/duration.ts";
import type { Entry } from "../requests/documents.ts";
import type { Paper } from "./paper.ts";
import { describeAuthor } from "./render-act.ts";
import { describeAgo, describeTime } from "./span.ts";
import { type Column, renderTable } from "./table.ts";
import { toneOf } from "./tones.ts";

const columns = (now: string): Column<Entry>[] => [
  { title: "TIME", cell: ({ at }) => describeTime(at) },
  { title: "AGO", cell: ({ at }) => describeAgo(at, now) },
  { title: "PROFILE", cell: ({ profile_key }) => profile_key },
  { title: "WHAT", cell: ({ what }) => what, tone: ({ what }) => toneOf(what) },
  { title: "JOB", cell: ({ unique_id }) => unique_id },
  { title: "REPOSITORY", cell: ({ qualified_repo }) => qualified_repo },
  { title: "RUN", cell: ({ run_id }) => run_id },
  { title: "WAITED", cell: ({ waited_ms }) => (waited_ms === null ? null : describeDuration(waited_ms)) },
  { title: "DETAILS", cell: describeWhat },
];

/** @param entries oldest first */
export function renderHistory(entries: readonly Entry[], now: string, paper: Paper): readonly string[] {
  return entries.length === 0
    ? ["Nothing of that kind happened, as far as the queue remembers."]
    : renderTable(columns(now), entries, paper);
}

/** What is special about an entry; may be empty. */
export function describeWhat({ what, attempts, monitors, runners, runner_count, by, note, until }: Entry): string {
  const end = until === null ? "" : `, until ${describeTime(until)}`;
  if (by !== null) return `${[...monitors, describeAuthor(by, note ?? "")].join(" ")}${end}`;
  return [
    ...(monitors.length === 0 ? [] : [`asked ${monitors.join(", ")}`]),
    ...(runners.length === 0 ? [] : [`got ${runners.join(", ")}`]),
    ...((runner_count ?? 1) === 1 || runners.length > 0 ? [] : [`${runner_count} runners`]),
    ...((attempts ?? 0) > 1 || what === "failed" ? [`attempt ${attempts}`] : []),
  ].join(", ");
}
