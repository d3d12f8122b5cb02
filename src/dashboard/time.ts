// Times on the page. Markup holds only absolute times, so that it stays the same while nothing happens; the page's script replaces the text
// by a span that ticks, or by the viewer's local time. Without the script the absolute time stands there.
import { html } from "hono/html";

/**
 * How the script shows a time. "since": 2 min 10 s. "for": the same, after a word that needs it. "ago": 2 min 10 s ago. "in": in 8 s, or
 * now. "clock": 14:03:10, with the date where it is not today's.
 */
export type TimeShown = "since" | "for" | "ago" | "in" | "clock";

const leads: Readonly<Record<TimeShown, string>> = { since: "since ", for: "since ", ago: "at ", in: "at ", clock: "" };

export function renderTime(iso: string, shown: TimeShown) {
  return html`<time datetime="${iso}" data-show="${shown}">${leads[shown]}${describeMoment(iso)}</time>`;
}

/** 2026-01-31 18:00:00 UTC */
export function describeMoment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** "2 min 10 s": the two largest units; never negative, for clocks differ. The page's script does the same. */
export function describeDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const at = units.findIndex(([, size]) => seconds >= size);
  const [first, second] = units.slice(at < 0 ? units.length - 1 : at);
  if (first === undefined) return "0 s";
  const whole = `${Math.floor(seconds / first[1])} ${first[0]}`;
  return second === undefined ? whole : `${whole} ${Math.floor((seconds % first[1]) / second[1])} ${second[0]}`;
}

/** ms from one time to another */
export function msBetween(earlier: string, later: string): number {
  return Date.parse(later) - Date.parse(earlier);
}
