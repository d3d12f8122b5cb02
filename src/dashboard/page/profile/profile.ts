// One profile: how it stands, its last hour, and its line.
import { html } from "hono/html";
import type { Dashboard, DashboardProfile } from "../../dashboard-data.ts";
import { describeKept, explainIdle } from "../../idle-runners.ts";
import { describeWaiting } from "../../words.ts";
import { renderActButton } from "../act-button.ts";
import { idOf, type Markup, renderAct, renderBadge, renderCounts, renderForeign } from "../fragments.ts";
import { renderTime } from "../time.ts";
import { renderChart } from "./chart.ts";
import { renderLine } from "./line.ts";

export function renderProfile(profile: DashboardProfile, dashboard: Dashboard): Markup {
  const { profile_key, paused, capacity } = profile;
  const { at } = dashboard;
  const idle = explainIdle(dashboard, profile_key);
  const id = idOf("profile", profile_key);
  return html`<article id="${id}" class="card profile" aria-labelledby="${id}-name">
<h3 id="${id}-name">${renderForeign(profile_key)} ${paused === null ? "" : renderBadge("paused", "warn")}</h3>
<div class="standing">
<div>
${renderWaiting(profile)}
${paused === null ? "" : renderAct("Paused", paused)}
${renderCounts({ ...capacity, available: idle.free })}
${idle.kept.length === 0 ? "" : html`<p class="kept">Idle but not free: ${describeKept(idle)}.</p>`}
</div>
${renderChart(profile, at)}
</div>
<p class="acts">${renderActButton(paused === null ? "pause" : "unpause", profile_key)}</p>
${renderLine(profile, at, { root: "", ids: dashboard.unique_ids })}
</article>
`;
}

function renderWaiting(profile: DashboardProfile): Markup {
  const { waiting, runners_wanted } = profile;
  if (waiting === 0) return html`<p class="empty">Nobody waits.</p>`;
  const oldest = findOldest(profile);
  const since = oldest === null ? "" : html`; the first has waited ${renderTime(oldest, "for")}`;
  return html`<p>${describeWaiting(waiting, runners_wanted)}${since}.</p>`;
}

/**
 * When the job that waits longest was enqueued. The list begins with it; only where all that is
 * listed is being taken already, nothing is said. The document's own figure grows by the second,
 * and so would the markup.
 */
export function findOldest({ jobs }: Pick<DashboardProfile, "jobs">): string | null {
  return jobs.find(({ state }) => state === "queued")?.enqueued_at ?? null;
}
