// The operator's view as a page: whole without its script, alive with it. It asks nothing of any
// other host, and all its links are relative, so that it works below any path of a proxy.
import { html, raw } from "hono/html";
import { countWaiting, listConcerns, summarise } from "../concerns.ts";
import type { Dashboard } from "../dashboard-data.ts";
import { pageScript, pageStyle } from "../page-assets.generated.ts";
import { makePlain } from "../plain-text.ts";
import { renderDialogs, renderSearchForm } from "./dialogs.ts";
import { renderEnds } from "./ends.ts";
import { idOf, type Markup, renderForeign } from "./fragments.ts";
import { renderMonitor } from "./monitor.ts";
import { renderProfile } from "./profile/profile.ts";
import { renderRunning } from "./running.ts";

/**
 * What changes. Two documents that differ by time alone give the same, but for the charts, which
 * move once a minute.
 */
export function renderMain(dashboard: Dashboard): Markup {
  const { at, profiles, monitors, ends, version, store, unique_ids } = dashboard;
  return html`${renderSummary(dashboard)}
<div class="columns">
<section class="profiles" aria-labelledby="profiles-name">
<h2 id="profiles-name">Lines</h2>
${profiles.length === 0 ? html`<p class="empty card">No profile is known yet: no monitor has shown one so far.</p>` : ""}
${profiles.map((profile) => renderProfile(profile, dashboard))}</section>
<section class="monitors" aria-labelledby="monitors-name">
<h2 id="monitors-name">Monitors</h2>
${monitors.map((monitor) => renderMonitor(monitor, at))}</section>
</div>
<section class="ends" aria-labelledby="running-name">
<h2 id="running-name">Running</h2>
<div class="card">${renderRunning(dashboard, { root: "", ids: unique_ids })}</div>
</section>
<section class="ends" aria-labelledby="ends-name">
<h2 id="ends-name">Ended</h2>
<div class="card">${renderEnds(ends, { root: "", ids: unique_ids })}</div>
</section>
<footer>runner-queue ${makePlain(version)}, ${store} store. The same as <a id="as-json" href="dashboard.json">JSON</a> and as <a id="as-text" href="dashboard.txt">text</a>.</footer>`;
}

/**
 * @param main what renderMain or a view gave, or null while the store is away
 * @param root from the page to the dashboard: "" or "../"
 * @param isStill it never changes: then it has no script, which would only ask for news of it
 */
export function renderPage(main: string | null, root = "", isStill = false): Markup {
  return html`<!doctype html>
<html lang="en" data-root="${root}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>runner-queue</title>
<link rel="icon" href="${icon}">
${isStill ? "" : html`<noscript><meta http-equiv="refresh" content="10"></noscript>`}
<style>${raw(pageStyle)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the lines</a>
<header><h1><a id="home" href="${root === "" ? "./" : root}" data-view>runner-queue</a></h1>
<nav aria-label="Views"><a id="over-time" href="${root}stats" data-view>Over time</a></nav>
${renderSearchForm(root)}
${isStill ? "" : html`<span class="who"><button type="button" id="operate" class="needs-script">Act as operator…</button> <span id="live"><noscript>New every 10 seconds</noscript></span></span>`}</header>
<p id="banner" role="status"></p>
<main id="main" tabindex="-1">${main === null ? html`<p class="empty card">The store does not answer. As soon as it does, the lines are shown here.</p>` : raw(main)}</main>
${isStill ? "" : html`${renderDialogs()}<script type="module">${raw(pageScript)}</script>`}
</body>
</html>
`;
}

let policy: Promise<string> | undefined;

/**
 * For the page: only its own style and script, requests to its own origin only, in nobody's frame.
 */
export function contentSecurityPolicy(): Promise<string> {
  policy ??= writePolicy();
  return policy;
}

async function writePolicy(): Promise<string> {
  return [
    "default-src 'none'",
    `style-src ${await hashSource(pageStyle)}`,
    `script-src ${await hashSource(pageScript)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

async function hashSource(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}

/** Without one the browser asks the proxy's root for it. Three in line, the first in colour. */
const icon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="3" cy="8" r="2.6" fill="#2f6fb3"/><circle cx="9" cy="8" r="2" fill="#8a949c"/><circle cx="14" cy="8" r="1.6" fill="#8a949c"/></svg>',
)}`;

function renderSummary(dashboard: Dashboard): Markup {
  const concerns = listConcerns(dashboard).map(
    ({ what, about, name, tone, says, note }) =>
      html`<li class="${tone}"><a id="${idOf("concern", what, about, name)}" href="#${idOf(about, name)}">${renderForeign(name)}</a> ${makePlain(says)}${note === "" ? "" : html`: <q>${renderForeign(note)}</q>`}</li>`,
  );
  return html`<section id="summary" aria-labelledby="summary-name" data-waiting="${countWaiting(dashboard)}">
<h2 id="summary-name" class="unseen">At a glance</h2>
<p class="total">${summarise(dashboard)}</p>
${concerns.length === 0 ? html`<p class="well">Every monitor answers, and nothing is paused or drained.</p>` : html`<ul class="concerns">${concerns}</ul>`}
</section>`;
}
