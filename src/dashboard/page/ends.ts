// The last jobs that are over: who got which runner after how long, and who got none.

import { html } from "hono/html";
import { describeDuration } from "../../duration.ts";
import type { DashboardEnd } from "../dashboard-data.ts";
import { countOf, formatCount, toneOfEnd } from "../words.ts";
import { type Markup, nameRows, renderBadge, renderForeign, renderHeads, renderRun, renderTable } from "./fragments.ts";
import { type Links, renderJobLink } from "./links.ts";
import { renderTime } from "./time.ts";

const heads = [
  ["When", "when"],
  ["End", "end"],
  ["Job", "job"],
  ["Repository", "repo"],
  ["Run", "run"],
  ["Profile", "profile"],
  ["Runners", "runners"],
  ["Waited", "waited"],
] as const;
/** Names of runners that one row has room for. */
const mostNames = 4;

export function renderEnds(ends: readonly DashboardEnd[], links: Links): Markup {
  if (ends.length === 0) return html`<p class="empty">No job has ended yet.</p>`;
  const names = nameRows(
    "end",
    ends.map(({ unique_id, at }) => [`${at}-${unique_id ?? ""}`, at] as const),
  );
  return renderTable(
    "ends-table",
    "The last jobs that ended, the newest first",
    renderHeads(heads),
    ends.map((end, i) => renderEnd(end, names[i] ?? "", links)),
  );
}

function renderEnd(end: DashboardEnd, name: string, links: Links): Markup {
  const { at, what, profile_key, unique_id, qualified_repo, run_id, run_url, waited_ms } = end;
  return html`<tr id="${name}">
<td class="when">${renderTime(at, "clock")}</td>
<td class="end">${renderBadge(what, toneOfEnd(what))}${renderAttempts(end)}</td>
<td class="job">${unique_id === null ? "" : renderJobLink(`link-${name}`, unique_id, run_id, links)}</td>
<th scope="row" class="repo">${renderForeign(qualified_repo ?? "")}</th>
<td class="run">${renderRun(`run-${name}`, run_id ?? "", run_url)}</td>
<td class="profile">${renderForeign(profile_key)}</td>
<td class="runners">${renderRunners(end)}</td>
<td class="waited">${waited_ms === null ? "" : describeDuration(waited_ms)}</td>
</tr>
`;
}

/** One attempt is the rule; more are worth a word. */
function renderAttempts({ attempts }: DashboardEnd): Markup | string {
  return attempts === null || attempts < 2 ? "" : html` <small>after ${countOf(attempts, "attempt")}</small>`;
}

function renderRunners({ runners, runner_count }: DashboardEnd): Markup | string {
  if (runners.length === 0) return runner_count === null ? "" : `${formatCount(runner_count)} asked`;
  const names = runners.slice(0, mostNames).map((name, i) => html`${i === 0 ? "" : ", "}${renderForeign(name)}`);
  return html`${names}${runners.length <= mostNames ? "" : ` and ${formatCount(runners.length - mostNames)} more`}`;
}
