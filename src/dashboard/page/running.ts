// What runs now: which runner serves which job, whether the job started, and since when.
import { html } from "hono/html";
import type { Dashboard, DashboardRunner } from "../dashboard-data.ts";
import { formatCount, toneOfStart } from "../words.ts";
import { idOf, type Markup, renderBadge, renderForeign, renderHeads, renderRun, renderTable } from "./fragments.ts";
import { type Links, renderJobLink } from "./links.ts";
import { renderTime } from "./time.ts";

const heads = [
  ["Runner", "repo"],
  ["State", "end"],
  ["Since", "since"],
  ["Job", "job"],
  ["Repository", "repository"],
  ["Run", "run"],
  ["Profile", "profile"],
] as const;

export function renderRunning(
  { running, running_count }: Pick<Dashboard, "running" | "running_count">,
  links: Links,
): Markup {
  if (running.length === 0) return html`<p class="empty">No runner is reserved for a job or busy with one.</p>`;
  const more = running_count - running.length;
  return html`${renderTable(
    "running-table",
    "Runners that are reserved for jobs or busy with them, those that have not started first",
    renderHeads(heads),
    running.map((runner) => renderRunner(runner, links)),
  )}${more === 0 ? "" : html`<p class="more">and ${formatCount(more)} more</p>`}`;
}

function renderRunner(row: DashboardRunner, links: Links): Markup {
  const { runner, runner_name, state, since, unique_id, qualified_repo, run_id, run_url, profile_key } = row;
  const name = idOf("running", runner);
  return html`<tr id="${name}">
<th scope="row" class="repo">${renderForeign(runner_name ?? runner)}${runner_name === null ? "" : html` <small>(${renderForeign(runner)})</small>`}</th>
<td class="end">${renderBadge(state, toneOfStart(state))}</td>
<td class="since">${renderTime(since, "for")}</td>
<td class="job">${renderJobLink(`link-${name}`, unique_id, run_id, links)}</td>
<td class="repository">${renderForeign(qualified_repo ?? "not a job of this queue")}</td>
<td class="run">${renderRun(`run-${name}`, run_id ?? "", run_url)}</td>
<td class="profile">${renderForeign(profile_key ?? "")}</td>
</tr>
`;
}
