// Jobs of a run, or those that a search found, as a table: where each stands, why, and on which
// runner.
import { html } from "hono/html";
import { describeDuration } from "../../duration.ts";
import type { DashboardEnd } from "../dashboard-data.ts";
import { shownIdLength } from "../shortened-ids.ts";
import type { JobOfRun } from "../views/view-data.ts";
import { countOf, toneOfEnd, toneOfStart } from "../words.ts";
import { type Markup, nameRows, renderBadge, renderForeign, renderHeads, renderRun, renderTable } from "./fragments.ts";
import { encodePart, type Links, renderJobLink } from "./links.ts";
import { renderTime } from "./time.ts";

export function renderRunView(runId: string, jobs: readonly JobOfRun[], links: Links): Markup {
  const [first] = jobs;
  const repository = first?.entry.qualified_repo ?? null;
  const about =
    repository === null
      ? ""
      : html`<p id="run-about">${renderForeign(repository)}, ${renderRun("run-github", "the run at GitHub", first?.entry.run_url ?? null)}. ${countOf(jobs.length, "job")}.</p>`;
  return html`<h2 id="view-name">Run ${renderForeign(runId)}</h2>
<div class="card ends">${about}${renderJobs(jobs, links, "The queue remembers no job of this run.")}</div>`;
}

export function renderSearchView(text: string, jobs: readonly DashboardEnd[], links: Links): Markup {
  const found = jobs.map((entry) => ({ entry, why: null, start: null }));
  return html`<h2 id="view-name">Found for ${renderForeign(text === "" ? "nothing" : text)}</h2>
<div class="card ends">${renderJobs(found, links, "Nothing. Look for a job's id, a run's number, or a part of a repository's name.")}</div>`;
}

const heads = [
  ["When", "when"],
  ["State", "end"],
  ["Job", "job"],
  ["Repository", "repo"],
  ["Run", "run"],
  ["Profile", "profile"],
  ["Runners", "runners"],
  ["Why", "why"],
] as const;

function renderJobs(jobs: readonly JobOfRun[], links: Links, none: string): Markup {
  if (jobs.length === 0) return html`<p class="empty">${none}</p>`;
  const shown = jobs.map((job) => ({ job, uniqueId: showId(job.entry.unique_id ?? "", links) }));
  const names = nameRows(
    "found",
    shown.map(({ uniqueId, job }) => [uniqueId, job.entry.at] as const),
  );
  return renderTable(
    "found-table",
    "Jobs, the one to which something happened last first",
    renderHeads(heads),
    shown.map(({ job, uniqueId }, i) => renderJob(job, uniqueId, names[i] ?? "", links)),
  );
}

function renderJob({ entry, why, start }: JobOfRun, shownId: string, name: string, links: Links): Markup {
  const { at, what, qualified_repo, run_id, profile_key, waited_ms, runners, runner_names } = entry;
  // how long a job waited that still waits is not known here: its entry says how long it had then
  const isLive = what === "queued" || what === "readmitted" || what === "claimed";
  const waited = waited_ms === null || isLive ? "" : `waited ${describeDuration(waited_ms)}`;
  const named = runner_names.length === runners.length ? runner_names : runners;
  return html`<tr id="${name}">
<td class="when">${renderTime(at, "clock")}</td>
<td class="end">${renderBadge(what === "readmitted" ? "queued" : what, toneOfEnd(what))}${start === null || what !== "taken" ? "" : html` ${renderBadge(start, toneOfStart(start))}`}</td>
<td class="job">${renderJobLink(`job-${name}`, shownId, run_id, links)}</td>
<th scope="row" class="repo">${renderForeign(qualified_repo ?? "")}</th>
<td class="run"><a id="run-${name}" href="${links.root}runs/${encodePart(run_id ?? "")}" data-view>${renderForeign(run_id ?? "")}</a></td>
<td class="profile">${renderForeign(profile_key)}</td>
<td class="runners">${named.map((runner, i) => html`${i === 0 ? "" : ", "}${renderForeign(runner)}`)}</td>
<td class="why">${renderForeign(why?.says ?? waited)}</td>
</tr>
`;
}

export function showId(uniqueId: string, { ids }: Pick<Links, "ids">): string {
  return ids === "whole" ? uniqueId : uniqueId.slice(0, shownIdLength);
}
