// Times on the page. Markup holds only absolute times, so that it stays the same while nothing
// happens. The page's script replaces the text by a time that ticks, or by the viewer's local time.
// Without the script the absolute time stands there.
import { html } from "hono/html";
import { describeMoment } from "../moment.ts";

/**
 * How the script shows a time. "since": 2 min 10 s. "for": the same, after a word that needs it.
 * "ago": 2 min 10 s ago. "in": in 8 s, or now. "clock": 14:03:10, with the date where it is not
 * today's.
 */
export type TimeShown = "since" | "for" | "ago" | "in" | "clock";

const leads: Readonly<Record<TimeShown, string>> = { since: "since ", for: "since ", ago: "at ", in: "at ", clock: "" };

export function renderTime(iso: string, shown: TimeShown) {
  return html`<time datetime="${iso}" data-show="${shown}">${leads[shown]}${describeMoment(iso)}</time>`;
}
