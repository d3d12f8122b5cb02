// Links of the page to its own views. All are relative, so that the page works below any path of a
// proxy.
import { html } from "hono/html";
import { makePlain } from "../plain-text.ts";
import { type Markup, renderForeign } from "./fragments.ts";

export interface Links {
  /** from where the page stands to the dashboard: "" or "../" */
  readonly root: string;
  /** strangers see the first characters of an id: its job has no page for them, its run has one */
  readonly ids: "whole" | "shortened";
}

/** An id that leads to its job's page, or to its run's. @param id of the element */
export function renderJobLink(id: string, uniqueId: string, runId: string | null, links: Links): Markup {
  const path = links.ids === "whole" ? `jobs/${encodePart(uniqueId)}` : `runs/${encodePart(runId ?? "")}`;
  const isLink = links.ids === "whole" || runId !== null;
  // its first characters stand there, the whole of it is there to be found, copied and read out
  return html`<span class="id" title="${makePlain(uniqueId)}">${
    isLink
      ? html`<a id="${id}" href="${links.root}${path}" data-view>${renderForeign(uniqueId)}</a>`
      : renderForeign(uniqueId)
  }</span>`;
}

/** A part of a path, whatever stands in it. */
export function encodePart(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
