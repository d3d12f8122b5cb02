// What the charts of a day or a week share: their size, their scale, and the steps below them.
import { html } from "hono/html";
import { describeMoment } from "../../moment.ts";
import type { Markup } from "../fragments.ts";

export const [width, height, left, top, bottom] = [560, 160, 58, 12, 22] as const;
export const baseline = height - bottom;
const right = width - 4;

export interface Frame {
  /** where a step begins */
  readonly x: (step: number) => number;
  readonly stepWidth: number;
  readonly y: (value: number) => number;
}

/** @param most the value at the top */
export function createFrame(steps: number, most: number): Frame {
  const stepWidth = (right - left) / Math.max(1, steps);
  return {
    stepWidth,
    x: (step) => round(left + step * stepWidth),
    y: (value) => round(baseline - (Math.min(value, most) / Math.max(1, most)) * (baseline - top)),
  };
}

export function round(value: number): number {
  return Number(value.toFixed(1));
}

/** Lines, and what stands at the top, at the bottom, and at both ends. */
export function renderFrame(topLabel: string, first: string, last: string): Markup {
  return html`<path class="grid" d="M${left} ${top}H${right}M${left} ${(top + baseline) / 2}H${right}M${left} ${baseline}H${right}"/>
<text x="${left - 5}" y="${top + 4}" text-anchor="end">${topLabel}</text>
<text x="${left - 5}" y="${baseline + 3}" text-anchor="end">0</text>
<text x="${left}" y="${height - 4}">${shortMoment(first)}</text>
<text x="${right}" y="${height - 4}" text-anchor="end">${shortMoment(last)}</text>`;
}

/** "01-31 18:00 UTC" */
function shortMoment(iso: string): string {
  return `${describeMoment(iso).slice(5, 16)} UTC`;
}
