// How long jobs waited, step by step: half of them as a solid line, 95 % as a dashed one.
import { html } from "hono/html";
import { describeDuration } from "../../../duration.ts";
import type { ProfileStats } from "../../over-time/stats.ts";
import type { Markup } from "../fragments.ts";
import { createFrame, height, renderFrame, round, width } from "./frame.ts";

type Step = ProfileStats["steps"][number];

/** A wait at the top of the chart that reads well, ms. */
const tops = [10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800].map((s) => s * 1_000);

/** @param id of the chart, for what names it */
export function renderWaitsChart(steps: readonly Step[], id: string): Markup {
  const waits = steps.flatMap(({ wait_p95_ms }) => wait_p95_ms ?? []);
  const [first, last] = [steps[0], steps.at(-1)];
  if (waits.length === 0 || first === undefined || last === undefined) {
    return html`<p class="chart none">Nobody was served in this time.</p>`;
  }
  const worst = Math.max(...waits);
  const most = tops.find((ms) => ms >= worst) ?? worst;
  const frame = createFrame(steps.length, most);
  const draw = (figure: "wait_p50_ms" | "wait_p95_ms") =>
    steps
      .map((step, i) => {
        const value = step[figure];
        if (value === null) return "";
        const isNext = i > 0 && steps[i - 1]?.[figure] !== null;
        const y = frame.y(value);
        // a step on its own is a short line, so that it is seen
        const from = round(frame.x(i) + (isNext ? frame.stepWidth / 2 : 0));
        return `${isNext ? "L" : "M"}${from} ${y}L${round(frame.x(i) + frame.stepWidth / 2)} ${y}`;
      })
      .join("");
  const words = `At worst half of a step's jobs waited ${describeDuration(Math.max(...steps.map(({ wait_p50_ms }) => wait_p50_ms ?? 0)))}, and 95 % ${describeDuration(worst)}.`;
  return html`<figure class="chart wide">
<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">How long jobs waited that were served</title>
<desc id="${id}-desc">${words} Every figure is in the table below.</desc>
${renderFrame(describeDuration(most).replace(/ 0 \w+$/, ""), first.at, last.at)}
<path class="line waiting" d="${draw("wait_p50_ms")}"/>
<path class="line idle" d="${draw("wait_p95_ms")}"/>
</svg>
<figcaption><span><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="line waiting" d="M0 4H24"/></svg> half of the jobs served</span> <span><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="line idle" d="M0 4H24"/></svg> 95 % of them</span></figcaption>
</figure>`;
}
