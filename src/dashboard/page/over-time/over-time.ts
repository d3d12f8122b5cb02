// A day or a week: how long jobs waited, how they ended, and what stood idle meanwhile, as
// sentences, charts and tables. What a chart draws stands in the table below it.
import { html } from "hono/html";
import { describeDuration } from "../../../duration.ts";
import type { EndFigures } from "../../over-time/figures.ts";
import type { ProfileStats, Stats } from "../../over-time/stats.ts";
import { countOf, formatCount } from "../../words.ts";
import { idOf, type Markup, renderForeign, renderHeads, renderTable } from "../fragments.ts";
import { renderTime } from "../time.ts";
import { renderJobsChart } from "./jobs-chart.ts";
import { renderWaitsChart } from "./waits-chart.ts";

const spans = { day: "the last day", week: "the last seven days" } as const;

export function renderOverTime({ period, profiles, step_minutes, profiles_left_out }: Stats): Markup {
  const other = period === "day" ? "week" : "day";
  return html`<h2 id="view-name">Over time: ${spans[period]}</h2>
<p class="about-view"><a id="other-period" href="stats?period=${other}" data-view>Show ${spans[other]}</a>. The same as <a id="stats-json" href="stats.json?period=${period}">JSON</a>. A step is ${countOf(step_minutes / 60, "hour")}.</p>
${profiles.length === 0 ? html`<p class="empty card">No profile is known yet.</p>` : ""}
${profiles.map((profile) => renderProfileStats(profile, spans[period]))}
${profiles_left_out === 0 ? "" : html`<p class="more">And ${countOf(profiles_left_out, "profile")} more, each by <code>stats.json?profile=</code>.</p>`}`;
}

function renderProfileStats(profile: ProfileStats, span: string): Markup {
  const { profile_key, steps, repositories } = profile;
  const id = idOf("over-time", profile_key);
  return html`<article class="card over-time" id="${id}" aria-labelledby="${id}-name">
<h3 id="${id}-name">${renderForeign(profile_key)}</h3>
<p>${describeProfile(profile, span)}</p>
<div class="charts">${renderWaitsChart(steps, `${id}-waits`)}${renderJobsChart(steps, `${id}-jobs`)}</div>
<details id="${id}-fold"><summary>The charts as a table</summary>
${renderTable(
  `${id}-steps`,
  html`${renderForeign(profile_key)}, step by step, the oldest first`,
  renderHeads([
    ["From", "when"],
    ...endHeads,
    ["Mean waiting", "figure"],
    ["Mean idle", "figure"],
    ["Idle beside waiting", "figure"],
  ]),
  steps.map(
    (step) => html`<tr>
<th scope="row" class="when">${renderTime(step.at, "clock")}</th>
${renderEnds(step)}
<td class="figure">${step.mean_waiting ?? ""}</td>
<td class="figure">${step.mean_idle ?? ""}</td>
<td class="figure">${describeMinutes(step.idle_beside_waiting_minutes)}</td>
</tr>
`,
  ),
)}</details>
${
  repositories.length === 0
    ? ""
    : html`<details open id="${id}-repositories-fold"><summary>By repository</summary>
${renderTable(
  `${id}-repositories`,
  html`${renderForeign(profile_key)} by repository, the one with the most jobs first`,
  renderHeads([["Repository", "repo"], ...endHeads]),
  repositories.map(
    (one) => html`<tr>
<th scope="row" class="repo">${one.qualified_repo === null ? "all others" : renderForeign(one.qualified_repo)}</th>
${renderEnds(one)}
</tr>
`,
  ),
)}</details>`
}
</article>
`;
}

const endHeads = [
  ["Served", "figure"],
  ["Half within", "figure"],
  ["95 % within", "figure"],
  ["Fell back", "figure"],
  ["Failed", "figure"],
  ["Abandoned", "figure"],
  ["Refused", "figure"],
  ["Cancelled", "figure"],
] as const;

function renderEnds(ends: EndFigures): Markup {
  const { served, wait_p50_ms, wait_p95_ms, fell_back, failed, abandoned, refused, cancelled } = ends;
  const counts = [fell_back, failed, abandoned, refused, cancelled].map(formatCount);
  const cells = [formatCount(served), describeWait(wait_p50_ms), describeWait(wait_p95_ms), ...counts];
  return html`${cells.map((cell) => html`<td class="figure">${cell}</td>`)}`;
}

/** The whole in words. */
export function describeProfile(profile: ProfileStats, span: string): string {
  const { served, wait_p50_ms, wait_p95_ms, fell_back, failed, abandoned, refused, cancelled } = profile;
  const waits =
    wait_p50_ms === null || wait_p95_ms === null
      ? ""
      : `, half of them within ${describeWait(wait_p50_ms)}, 95 % within ${describeWait(wait_p95_ms)}`;
  const ways = [
    [failed, "failed"],
    [abandoned, "abandoned"],
    [refused, "refused at once"],
  ] as const;
  const known = ways.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`);
  const fell = fell_back === 0 ? "Nobody fell back" : `${countOf(fell_back, "job")} fell back (${known.join(", ")})`;
  const left = cancelled === 0 ? "" : `, ${formatCount(cancelled)} cancelled`;
  const idle = profile.idle_beside_waiting_minutes;
  const beside = idle === 0 ? "" : ` Runners stood idle beside jobs that waited: ${describeMinutes(idle)} in all.`;
  return `${countOf(served, "job")} served in ${span}${waits}. ${fell}${left}.${beside}`;
}

function describeWait(ms: number | null): string {
  return ms === null ? "" : describeSpan(Math.max(1_000, ms));
}

function describeMinutes(minutes: number): string {
  return minutes === 0 ? "0 min" : describeSpan(minutes * 60_000);
}

/** "2 min", for "2 min 0 s" */
function describeSpan(ms: number): string {
  return describeDuration(ms).replace(/ 0 \w+$/, "");
}
