// The last hour of a profile as a small drawing: jobs waiting as a filled line, runners idle as a
// dashed one, so that it reads without colour; and in words for those who cannot see it.
import { html } from "hono/html";
import type { DashboardProfile } from "../../dashboard-data.ts";
import { formatCount } from "../../words.ts";
import { idOf, type Markup } from "../fragments.ts";

type Sample = DashboardProfile["chart"][number];

const minutes = 60;
const [width, height, left, top, bottom] = [360, 96, 26, 6, 15] as const;
const baseline = height - bottom;
/** Samples come a minute apart; a longer pause than this is a gap in the line. */
const gapMs = 150_000;

/** @param at the document's time, of which only the minute counts */
export function renderChart({ profile_key, chart }: DashboardProfile, at: string): Markup {
  const now = Math.floor(Date.parse(at) / 60_000);
  const samples = chart.filter(({ at }) => now - minuteOf(at) < minutes);
  if (samples.length < 2) return html`<p class="chart none">The chart of the last hour begins after two minutes.</p>`;
  const most = roundUp(Math.max(...samples.map(({ waiting, idle }) => Math.max(waiting, idle))));
  const place = (sample: Sample, value: number): string => {
    const x = left + ((minuteOf(sample.at) - now + minutes - 1) / (minutes - 1)) * (width - left - 4);
    return `${x.toFixed(1)} ${yOf(value, most)}`;
  };
  const stretches = splitAtGaps(samples);
  const draw = (figureOf: (sample: Sample) => number) =>
    stretches.map((stretch) => `M${stretch.map((sample) => place(sample, figureOf(sample))).join("L")}`);
  const waiting = draw((sample) => sample.waiting);
  const areas = stretches.map((stretch, i) => {
    const [first, last] = [stretch[0], stretch.at(-1)];
    if (first === undefined || last === undefined) return "";
    return `${waiting[i]}L${place(last, 0)}L${place(first, 0)}Z`;
  });
  const id = idOf("chart", profile_key);
  return html`<figure class="chart">
<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">Jobs waiting and runners idle in the last hour</title>
<desc id="${id}-desc">${inWords("Waiting", samples, "waiting")} ${inWords("Idle", samples, "idle")}</desc>
<path class="grid" d="M${left} ${yOf(most, most)}H${width}M${left} ${yOf(most / 2, most)}H${width}M${left} ${baseline}H${width}"/>
<path class="area" d="${areas.join("")}"/>
<path class="line waiting" d="${waiting.join("")}"/>
<path class="line idle" d="${draw((sample) => sample.idle).join("")}"/>
<text x="${left - 5}" y="${yOf(most, most) + 3}" text-anchor="end">${formatCount(most)}</text>
<text x="${left - 5}" y="${baseline + 3}" text-anchor="end">0</text>
<text x="${left}" y="${height - 2}">an hour ago</text>
<text x="${width}" y="${height - 2}" text-anchor="end">now</text>
</svg>
<figcaption><span>${renderKey("waiting")} jobs waiting</span> <span>${renderKey("idle")} runners idle</span></figcaption>
</figure>`;
}

function renderKey(kind: "waiting" | "idle"): Markup {
  return html`<svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="line ${kind}" d="M0 4H24"/></svg>`;
}

/** Before the first line stands the number at its top, so it is one that reads well. */
function roundUp(value: number): number {
  const steps = [2, 4, 6, 8, 10, 12, 16, 20, 24, 30, 40, 50, 60, 80, 100];
  const power = 10 ** Math.max(0, Math.ceil(Math.log10(Math.max(1, value))) - 2);
  return power * (steps.find((step) => step * power >= value) ?? 100);
}

function yOf(value: number, most: number): number {
  return Number((baseline - (value / most) * (baseline - top)).toFixed(1));
}

function minuteOf(at: string): number {
  return Math.floor(Date.parse(at) / 60_000);
}

function splitAtGaps(samples: readonly Sample[]): Sample[][] {
  const stretches: Sample[][] = [];
  for (const sample of samples) {
    const stretch = stretches.at(-1);
    const last = stretch?.at(-1);
    const isNext = last !== undefined && Date.parse(sample.at) - Date.parse(last.at) <= gapMs;
    if (stretch !== undefined && isNext) stretch.push(sample);
    else stretches.push([sample]);
  }
  return stretches;
}

function inWords(name: string, samples: readonly Sample[], figure: "waiting" | "idle"): string {
  const figures = samples.map((sample) => sample[figure]);
  const [now, least, most] = [figures.at(-1) ?? 0, Math.min(...figures), Math.max(...figures)].map(formatCount);
  return `${name}: ${now} at last, between ${least} and ${most} in the hour.`;
}
