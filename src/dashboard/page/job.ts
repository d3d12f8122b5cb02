// One job's page: why it waits or waited, its line of life, its runner by GitHub's name, what each
// monitor said.
import { html } from "hono/html";
import { describeDuration } from "../../duration.ts";
import type { Start } from "../../queue/job/start.ts";
import type { ShareStanding } from "../../queue/operations/explain-share.ts";
import type { InspectedJob } from "../job/explanation.ts";
import { type Explanation, explain } from "../job/explanation.ts";
import { makePlain } from "../plain-text.ts";
import { countOf, formatCount, toneOfEnd, toneOfStart } from "../words.ts";
import { renderActButton, renderExpediteButton } from "./act-button.ts";
import { type Markup, renderBadge, renderForeign, renderHeads, renderRun, renderTable } from "./fragments.ts";
import { encodePart } from "./links.ts";
import { renderTime } from "./time.ts";

/**
 * @param shares how it stands in a line that is shared
 * @param runUrl at GitHub
 */
export function renderJobView(inspected: InspectedJob, shares: ShareStanding | null, runUrl: string): Markup {
  const why = explain(inspected, shares);
  const { job } = inspected;
  const { unique_id, state, profile_key, position } = why;
  const isLive = state === "queued" || state === "claimed";
  const facts: readonly (readonly [string, Markup | string])[] = [
    ["State", renderBadge(state, isLive ? "good" : toneOfEnd(state))],
    ["Place in line", position === null ? "none" : formatCount(position)],
    [
      "Profile",
      html`<a id="job-line" href="../lines/${encodePart(profile_key)}" data-view>${renderForeign(profile_key)}</a>`,
    ],
    ["Repository", renderForeign(job.qualifiedRepo)],
    [
      "Run",
      html`<a id="job-run" href="../runs/${encodePart(job.runId)}" data-view>${renderForeign(job.runId)}</a> (${renderRun("job-github", "at GitHub", runUrl)})`,
    ],
    ["Asks for", countOf(job.runnerCount, "runner")],
    ["Attempts", formatCount(job.attempts)],
    ["Runners", renderRunners(why)],
    ...(job.start === undefined ? [] : [["On its runner", renderStart(job.start)] as const]),
  ];
  return html`<h2 id="view-name">Job ${renderForeign(unique_id)}</h2>
<div class="card" id="job">
<p class="total" id="job-why">${makePlain(upperFirst(why.says))}.</p>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${renderActs(inspected)}
</div>
<section aria-labelledby="life-name"><h2 id="life-name">Its life</h2>
<div class="card ends">${renderLife(why, inspected)}</div></section>`;
}

/** Only what the queue would not refuse, and what would change something. */
function renderActs({ job, ahead }: InspectedJob): Markup | string {
  const { uniqueId, profileKey, state, expeditedAt } = job;
  switch (state) {
    case "queued":
      return html`<p class="acts">${expeditedAt === undefined ? renderExpediteButton(uniqueId, profileKey, ahead?.jobs ?? 0) : ""} ${renderActButton("cancel", uniqueId)}</p>`;
    case "claimed":
      return html`<p class="acts">${renderActButton("cancel", uniqueId)}</p>`;
    case "taken":
      return html`<p class="acts">${renderActButton("rerun", uniqueId)}</p>`;
    default:
      return "";
  }
}

/** For whoever may not see whole ids, and for an id that nobody knows. */
export function renderNoJob(isStranger: boolean): Markup {
  return html`<h2 id="view-name">Job</h2><p class="empty card">${
    isStranger
      ? "A job's page is for operators: act as operator to see it. Its run's page is for everybody."
      : "The queue knows no such job, or it is long over. Look for its run."
  }</p>`;
}

function renderRunners({ runners, runner_names }: Explanation): Markup | string {
  if (runners.length === 0) return "none so far";
  const named = runner_names.length === runners.length ? runner_names : runners;
  return html`${named.map((name, i) => html`${i === 0 ? "" : ", "}${renderForeign(name)} <small>(${renderForeign(runners[i] ?? "")})</small>`)}`;
}

/** What became of the reservation. */
function renderStart({ state, since }: Start): Markup {
  return html`${renderBadge(state, toneOfStart(state))} ${renderTime(new Date(since).toISOString(), "for")}`;
}

/** Enqueued, each stretch of its wait, what monitors said, the end: in order of time. */
function renderLife(why: Explanation, { job }: InspectedJob): Markup {
  const first = new Date(Math.floor(job.place / 1000)).toISOString();
  const lines: { readonly at: string; readonly what: string; readonly lastedMs: number | null }[] = [
    { at: first, what: "enqueued", lastedMs: null },
    ...why.waits.map(({ since, says, lasted_ms }, at) => ({
      at: since,
      what: says,
      // the last one goes on while the job lives, and the page does not tick for it
      lastedMs: at === why.waits.length - 1 && job.endedAt === undefined ? null : lasted_ms,
    })),
    ...why.tries.map(({ at, says }) => ({ at, what: says, lastedMs: null })),
    ...(job.expeditedAt === undefined
      ? []
      : [{ at: new Date(job.expeditedAt).toISOString(), what: "put to the front by an operator", lastedMs: null }]),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  if (job.endedAt !== undefined) {
    lines.push({ at: new Date(job.endedAt).toISOString(), what: job.state, lastedMs: null });
  }
  const rows = lines.map(
    ({ at, what, lastedMs }) => html`<tr>
<td class="when">${renderTime(at, "clock")}</td>
<th scope="row" class="repo">${renderForeign(what)}</th>
<td class="lasted">${lastedMs === null ? "" : describeDuration(lastedMs)}</td>
</tr>
`,
  );
  const heads = [
    ["When", "when"],
    ["What", "repo"],
    ["For", "lasted"],
  ] as const;
  return renderTable("life", "What happened to the job, in order", renderHeads(heads), rows);
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
