// One monitor: whether it is well, what operators did to it, what came of its takes, and what it
// has.
import { html } from "hono/html";
import { describeRefusals, endOfBackoff, isIll, listRefusals } from "../concerns.ts";
import type { DashboardMonitor } from "../dashboard-data.ts";
import { makePlain } from "../plain-text.ts";
import { countOf, describeTakes, formatCount, toneOfMonitor } from "../words.ts";
import { renderActButton } from "./act-button.ts";
import { idOf, type Markup, renderAct, renderBadge, renderForeign, renderHeads, renderTable } from "./fragments.ts";
import { renderTime } from "./time.ts";

const heads = [
  ["Profile", "repo"],
  ["Free", "figure"],
  ["Idle", "figure"],
  ["Claimed", "figure"],
  ["Healthy", "figure"],
] as const;

/** @param at the document's time */
export function renderMonitor(monitor: DashboardMonitor, at: string): Markup {
  const { name, state, draining, takes } = monitor;
  const backoff = endOfBackoff(monitor, at);
  const id = idOf("monitor", name);
  const refusals = listRefusals(monitor);
  const isOff = draining !== null || backoff !== null || refusals.length > 0;
  const tone = isIll(monitor) ? toneOfMonitor(state) : isOff ? "warn" : "good";
  return html`<article id="${id}" class="card monitor ${tone}" aria-labelledby="${id}-name">
<h3 id="${id}-name">${renderForeign(name)} ${renderBadge(state, toneOfMonitor(state))} ${draining === null ? "" : renderBadge("draining", "warn")} ${
    backoff === null ? "" : renderBadge("backing off", "warn")
  }</h3>
${renderIllness(monitor)}
${draining === null ? "" : renderAct("Drained", draining)}
${backoff === null ? "" : html`<p>Takes go there again ${renderTime(backoff, "in")}: it refused some.</p>`}
${refusals.length === 0 ? "" : html`<p class="refusals">It ${makePlain(describeRefusals(refusals))}.</p>`}
<p class="takes">Takes: ${describeTakes(takes)}.</p>
<p class="acts">${renderActButton(draining === null ? "drain" : "resume", name)}</p>
${renderProfiles(monitor, id)}
</article>
`;
}

/**
 * Since when it is not fresh. Of a healthy monitor nothing is said that changes with each of its
 * dashboards.
 */
function renderIllness(monitor: DashboardMonitor): Markup | string {
  if (!isIll(monitor)) return "";
  const { answered_at, failures, next_ask_at } = monitor;
  const silence =
    answered_at === null ? html`It never gave a dashboard` : html`No dashboard ${renderTime(answered_at, "for")}`;
  if (failures === 0) return html`<p class="illness">${silence}.</p>`;
  const probe = next_ask_at === null ? "" : html`; asked again ${renderTime(next_ask_at, "in")}`;
  return html`<p class="illness">${silence}: ${countOf(failures, "failure")} in a row${probe}.</p>`;
}

function renderProfiles({ name, profiles }: DashboardMonitor, id: string): Markup {
  if (profiles.length === 0) return html`<p class="empty">It showed no profile yet.</p>`;
  const [free, idle, healthy, target] = (["available", "idle", "healthy", "target"] as const).map((figure) =>
    formatCount(profiles.reduce((sum, profile) => sum + profile[figure], 0)),
  );
  const rows = profiles.map(
    ({ profile_key, idle, claimed, available, healthy, target }) => html`<tr>
<th scope="row" class="repo">${renderForeign(profile_key)}</th>
<td class="figure">${formatCount(available)}</td>
<td class="figure">${formatCount(idle)}</td>
<td class="figure">${formatCount(claimed)}</td>
<td class="figure">${formatCount(healthy)} of ${formatCount(target)}</td>
</tr>
`,
  );
  return html`<details id="${id}-fold"><summary>${free} free, ${idle} idle, ${healthy} of ${target} healthy</summary>
${renderTable(`${id}-profiles`, html`Runners of ${renderForeign(name)} by profile`, renderHeads(heads), rows)}
</details>`;
}
