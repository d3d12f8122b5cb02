// A button that does something to the queue. It is there for whoever gave an operator's token to
// the page's script, which asks before anything is done; without the script nothing can be done
// here.
import { html } from "hono/html";
import { idOf, type Markup } from "./fragments.ts";

/** The route of each, and what it is done to, stand in script/act-words.js. */
export type ActName = "drain" | "resume" | "pause" | "unpause" | "cancel" | "rerun" | "expedite";

const labels = {
  drain: "Drain",
  resume: "Resume",
  pause: "Pause",
  unpause: "Resume",
  cancel: "Cancel",
  rerun: "Re-run",
  expedite: "Expedite",
} as const satisfies Record<ActName, string>;

/** @param name of the monitor, profile or job */
export function renderActButton(act: Exclude<ActName, "expedite">, name: string): Markup {
  return html`<button type="button" id="${idOf("act", act, name)}" data-act="${act}" data-name="${name}">${labels[act]}…</button>`;
}

/** @param ahead how many jobs it would pass */
export function renderExpediteButton(uniqueId: string, profileKey: string, ahead: number): Markup {
  return html`<button type="button" id="${idOf("act", "expedite", uniqueId)}" data-act="expedite" data-name="${uniqueId}" data-profile="${profileKey}" data-ahead="${ahead}">${labels.expedite}…</button>`;
}
