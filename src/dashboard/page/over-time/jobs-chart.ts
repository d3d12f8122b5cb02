// How jobs ended, step by step: those served as bars, and on top of them, with an outline of their
// own, those that fell back.
import { html } from "hono/html";
import type { ProfileStats } from "../../over-time/stats.ts";
import { formatCount } from "../../words.ts";
import type { Markup } from "../fragments.ts";
import { baseline, createFrame, height, renderFrame, round, width } from "./frame.ts";

type Step = ProfileStats["steps"][number];

export function renderJobsChart(steps: readonly Step[], id: string): Markup {
  const most = Math.max(0, ...steps.map(({ served, fell_back }) => served + fell_back));
  const [first, last] = [steps[0], steps.at(-1)];
  if (most === 0 || first === undefined || last === undefined) return html``;
  const frame = createFrame(steps.length, most);
  const draw = (from: (step: Step) => number, to: (step: Step) => number) =>
    steps
      .map((step, i) => {
        if (to(step) === from(step)) return "";
        const [x, bar] = [round(frame.x(i) + 1), round(Math.max(1, frame.stepWidth - 2))];
        const low = from(step) === 0 ? baseline : frame.y(from(step));
        return `M${x} ${low}V${frame.y(to(step))}h${bar}V${low}Z`;
      })
      .join("");
  const sum = (figure: "served" | "fell_back") => formatCount(steps.reduce((total, step) => total + step[figure], 0));
  return html`<figure class="chart wide">
<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">Jobs that were served, and those that fell back</title>
<desc id="${id}-desc">${sum("served")} served and ${sum("fell_back")} fell back, at most ${formatCount(most)} in a step. Every figure is in the table below.</desc>
${renderFrame(formatCount(most), first.at, last.at)}
<path class="bar served" d="${draw(
    () => 0,
    ({ served }) => served,
  )}"/>
<path class="bar fell" d="${draw(
    ({ served }) => served,
    ({ served, fell_back }) => served + fell_back,
  )}"/>
</svg>
<figcaption><span><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="bar served" d="M0 0H24V8H0Z"/></svg> served</span> <span><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="bar fell" d="M1 1H23V7H1Z"/></svg> fell back</span></figcaption>
</figure>`;
}
