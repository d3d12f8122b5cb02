// What stands around the page's main part for whoever looks for something or acts: the search box,
// and two dialogs, which news does not disturb. script/acts.js opens them.
import { html } from "hono/html";
import type { Markup } from "./fragments.ts";

export function renderSearchForm(root: string): Markup {
  return html`<form id="search" role="search" action="${root}search" method="get">
<label class="unseen" for="sought">Find a job, a run or a repository</label>
<input id="sought" name="q" type="search" maxlength="140" autocomplete="off" placeholder="Job, run or repository"><button>Find</button>
</form>`;
}

export function renderDialogs(): Markup {
  return html`<dialog id="token-dialog" aria-labelledby="token-title"><form method="dialog" id="token-form">
<h2 id="token-title">Act as operator</h2>
<p>This tab keeps the token in memory: a reload or a click on "Stop acting" forgets it.</p>
<label for="token">One of OPERATOR_TOKENS</label><input id="token" type="password" autocomplete="off" required maxlength="4096">
<label for="who">Your name, for the history</label><input id="who" type="text" autocomplete="off" required maxlength="100">
<p class="wrong" id="token-wrong" role="alert"></p>
<p class="choice"><button id="token-go">Act</button> <button type="button" id="token-leave">Do nothing</button></p>
</form></dialog>
<dialog id="act-dialog" aria-labelledby="act-title" aria-describedby="act-what"><form method="dialog" id="act-form">
<h2 id="act-title"></h2>
<p id="act-what"></p>
<div id="act-note-part"><label for="act-note">Why, for whoever wonders later</label><input id="act-note" type="text" autocomplete="off" maxlength="300"></div>
<div id="act-until-part"><label for="act-until">Until (30m, 2h, 3d; empty: until somebody resumes it)</label><input id="act-until" type="text" autocomplete="off" maxlength="40"></div>
<p class="wrong" id="act-wrong" role="alert"></p>
<p class="choice"><button id="act-go"></button> <button type="button" id="act-leave">Do nothing</button></p>
</form></dialog>
<p id="done" role="status"></p>`;
}
