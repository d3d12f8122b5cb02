// Small pieces of markup that several parts of the page are made of. All text passes through
// `html`, which escapes it.
import { html } from "hono/html";
import type { DashboardProfile } from "../dashboard-data.ts";
import { makePlain } from "../plain-text.ts";
import { shownIdLength } from "../shortened-ids.ts";
import { formatCount, type Tone } from "../words.ts";
import { renderTime } from "./time.ts";

export type Markup = ReturnType<typeof html>;

/** Other people's text, set apart so that its direction of writing turns nothing around it. */
export function renderForeign(text: string): Markup {
  return html`<bdi>${makePlain(text)}</bdi>`;
}

/**
 * An id that is the same as long as the thing is, and cannot be taken for one of the page's own.
 */
export function idOf(kind: string, ...names: readonly string[]): string {
  return [kind, ...names.map((name) => encodeURIComponent(name.toWellFormed()))].join("-");
}

export function renderBadge(text: string, tone: Tone): Markup {
  return html`<span class="badge ${tone}">${makePlain(text)}</span>`;
}

/**
 * Names for rows that stay the same while the rows are there. Eight characters may be all that is
 * shown of several ids, so there the time helps; what is the same even so is numbered.
 */
export function nameRows(kind: string, rows: readonly (readonly [uniqueId: string, time: string])[]): string[] {
  const seen = new Map<string, number>();
  return rows.map(([uniqueId, time]) => {
    const name = uniqueId.length === shownIdLength ? idOf(kind, uniqueId, time) : idOf(kind, uniqueId);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name}-${times}`;
  });
}

/** A link to a run, or its number alone where there is no address that a browser should follow. */
export function renderRun(id: string, run: string, url: string | null): Markup {
  if (url === null || !/^https?:\/\//i.test(url)) return renderForeign(run);
  return html`<a id="${id}" href="${url}" rel="noopener">${renderForeign(run)}</a>`;
}

/** Who did it, when, why, and until when. */
export function renderAct(what: string, act: NonNullable<DashboardProfile["paused"]>): Markup {
  const why = act.note === "" ? "" : html`: <q>${renderForeign(act.note)}</q>`;
  const end = act.until === null ? "until somebody resumes it" : html`until ${renderTime(act.until, "clock")}`;
  return html`<p class="act">${what} by ${renderForeign(act.by)}${why}, since ${renderTime(act.at, "clock")}, ${end}.</p>`;
}

type Counts = DashboardProfile["capacity"];

/** What runners there are, as figures with their names. */
export function renderCounts({ idle, claimed, available, healthy, target }: Counts): Markup {
  const figures = [
    ["Free to claim", formatCount(available)],
    ["Idle", formatCount(idle)],
    ["Claimed", formatCount(claimed)],
    ["Healthy", `${formatCount(healthy)} of ${formatCount(target)}`],
  ];
  return html`<dl class="figures">${figures.map(([name, figure]) => html`<div><dt>${name}</dt><dd>${figure}</dd></div>`)}</dl>`;
}

/** A table that scrolls by itself where there is no room for it, by keyboard too. */
export function renderTable(
  id: string,
  caption: Markup | string,
  head: readonly Markup[],
  rows: readonly Markup[],
): Markup {
  return html`<div class="scroll" id="${id}" tabindex="0" role="region" aria-labelledby="${id}-caption"><table>
<caption id="${id}-caption">${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
}

export function renderHeads(names: readonly (readonly [name: string, kind: string])[]): Markup[] {
  return names.map(([name, kind]) => html`<th scope="col" class="${kind}">${name}</th>`);
}
