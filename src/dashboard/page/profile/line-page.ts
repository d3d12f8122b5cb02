// The whole line of a profile, a hundred jobs a page.
import { html } from "hono/html";
import type { DashboardProfile } from "../../dashboard-data.ts";
import { describeWaiting, formatCount } from "../../words.ts";
import { type Markup, renderForeign } from "../fragments.ts";
import { encodePart, type Links } from "../links.ts";
import { renderLineTable } from "./line.ts";

/** @param profile with the jobs of this page; null: there is none of this name */
export function renderLinePage(profile: DashboardProfile | null, page: number, at: string, links: Links): Markup {
  if (profile === null) {
    return html`<h2 id="view-name">Line</h2><p class="empty card">No monitor and no job ever named this profile.</p>`;
  }
  const { profile_key, waiting, runners_wanted, jobs } = profile;
  const turn = (to: number, name: string, id: string) =>
    html`<a id="${id}" href="${links.root}lines/${encodePart(profile_key)}?page=${to}" data-view>${name}</a>`;
  const hasMore = jobs.length > 0 && waiting > page * 100;
  return html`<h2 id="view-name">The line for ${renderForeign(profile_key)}, page ${formatCount(page)}</h2>
<div class="card profile"><p>${describeWaiting(waiting, runners_wanted)}.</p>
${jobs.length === 0 ? html`<p class="empty">Nobody stands here.</p>` : renderLineTable(profile, at, links)}
<p class="pages">${page > 1 ? turn(page - 1, "The hundred before", "page-before") : ""} ${hasMore ? turn(page + 1, "The next hundred", "page-after") : ""}</p>
</div>`;
}
