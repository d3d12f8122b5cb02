// The line of a profile as a table: who waits, for what, for how long, and why.
import { html } from "hono/html";
import type { DashboardJob, DashboardProfile } from "../../dashboard-data.ts";
import { describeEstimate } from "../../estimate-words.ts";
import { makePlain } from "../../plain-text.ts";
import { countOf, describePresence, describeReason, formatCount, toneOfReason } from "../../words.ts";
import {
  idOf,
  type Markup,
  nameRows,
  renderBadge,
  renderForeign,
  renderHeads,
  renderRun,
  renderTable,
} from "../fragments.ts";
import { encodePart, type Links, renderJobLink } from "../links.ts";
import { renderTime } from "../time.ts";

/**
 * A poll is written down up to TOUCH_INTERVAL late, and the next comes a third of ABANDON_AFTER
 * later: with the shipped settings nobody who is there is older than this. The page says no more
 * than "just now", else every row would change all the time.
 */
const justNowMs = 20_000;

const heads = [
  ["#", "position"],
  ["Job", "job"],
  ["Repository", "repo"],
  ["Run", "run"],
  ["Runners", "runners"],
  ["Waited", "waited"],
  ["Its turn in", "estimate"],
  ["Last poll", "poll"],
  ["State", "state"],
  ["Why it waits", "why"],
] as const;

/** @param at the document's time */
export function renderLine(profile: DashboardProfile, at: string, links: Links): Markup | string {
  const { profile_key, jobs, waiting } = profile;
  if (jobs.length === 0) return "";
  const id = idOf("line", profile_key);
  const unlisted = countUnlisted({ jobs, waiting });
  const listed =
    unlisted === 0
      ? `The line, ${countOf(jobs.length, "job")}`
      : `The first ${countOf(jobs.length, "job")} of the line`;
  return html`<details open id="${id}-fold"><summary>${listed}</summary>
${renderLineTable(profile, at, links)}
${unlisted === 0 ? "" : html`<p class="more"><a id="${id}-more" href="${links.root}lines/${encodePart(profile_key)}?page=2" data-view>and ${formatCount(unlisted)} more</a></p>`}
</details>`;
}

/** The jobs of the document as a table. */
export function renderLineTable({ profile_key, jobs }: DashboardProfile, at: string, links: Links): Markup {
  const names = nameRows(
    "job",
    jobs.map(({ unique_id, enqueued_at }) => [unique_id, enqueued_at] as const),
  );
  return renderTable(
    idOf("line", profile_key),
    html`The line for ${renderForeign(profile_key)}, the next job first`,
    renderHeads(heads),
    jobs.map((job, i) => renderJob(job, at, names[i] ?? "", links)),
  );
}

/** Jobs that wait and are not in the document, which holds the first hundred of a line. */
export function countUnlisted({ jobs, waiting }: Pick<DashboardProfile, "jobs" | "waiting">): number {
  return Math.max(0, waiting - jobs.filter(({ state }) => state === "queued").length);
}

/** Whether the last poll is as recent as it can be expected to be. */
export function isJustNow(lastPollAt: string, at: string): boolean {
  return Date.parse(at) - Date.parse(lastPollAt) < justNowMs;
}

function renderJob(job: DashboardJob, at: string, name: string, links: Links): Markup {
  const { unique_id, position, qualified_repo, run_id, run_url, enqueued_at, state, reason } = job;
  return html`<tr id="${name}">
<td class="position">${position === null ? "now" : formatCount(position)}</td>
<td class="job">${renderJobLink(`link-${name}`, unique_id, run_id, links)}</td>
<th scope="row" class="repo">${renderForeign(qualified_repo)}</th>
<td class="run">${renderRun(`run-${name}`, run_id, run_url)}</td>
<td class="runners">${renderRunners(job)}</td>
<td class="waited">${renderTime(enqueued_at, "since")}</td>
<td class="estimate">${describeEstimate(job.estimate)}</td>
<td class="poll">${renderLastPoll(job, at)}</td>
<td class="state">${renderBadge(state, state === "claimed" ? "good" : "calm")}</td>
<td class="why ${toneOfReason(reason)}">${makePlain(describeReason(reason))}${renderAsked(job)}${renderAttempts(job)}</td>
</tr>
`;
}

function renderRunners({ runner_count, runners_in_hand }: DashboardJob): Markup {
  return html`${formatCount(runner_count)}${runners_in_hand === 0 ? "" : html` <small>(${formatCount(runners_in_hand)} in hand)</small>`}`;
}

function renderLastPoll({ last_poll_at, presence }: DashboardJob, at: string): Markup | string {
  if (presence !== "polls") return describePresence(presence);
  if (last_poll_at === null) return "not yet";
  return isJustNow(last_poll_at, at) ? "just now" : renderTime(last_poll_at, "ago");
}

function renderAttempts({ attempts, state }: DashboardJob): Markup | string {
  const past = state === "claimed" ? attempts - 1 : attempts;
  return past <= 0 ? "" : html` <small>tried ${formatCount(past)}×</small>`;
}

function renderAsked({ monitors }: DashboardJob): Markup | string {
  const names = [...new Set(monitors)];
  return names.length === 0
    ? ""
    : html`: ${names.map((name, i) => html`${i === 0 ? "" : ", "}${renderForeign(name)}`)}`;
}
