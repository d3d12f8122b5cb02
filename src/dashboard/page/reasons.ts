// The page that a 503's Link leads to: every reason to come back, as a sentence.
import { html } from "hono/html";
import { retryMessages } from "../../http/retry-messages.ts";
import type { Markup } from "./fragments.ts";

export function renderReasons(): Markup {
  const rows = Object.entries(retryMessages).map(
    ([reason, message]) => html`<div id="${reason}"><dt><code>${reason}</code></dt><dd>${message}</dd></div>
`,
  );
  return html`<h2 id="view-name">Why to come back</h2>
<div class="card"><p>What <code>X-Queue-Reason</code> says on a reply that asks to come back.</p><dl class="reasons">${rows}</dl></div>`;
}
