// A table for people: a heading, aligned columns, figures to the right. Whatever is in a cell may
// be another person's text, so every cell is made legible here. Free text belongs into the last
// column: it is the first to be cut where the terminal is too narrow.
import { makeLegible } from "./legible.ts";
import { cutText, type Paper, paint, type Tone } from "./paper.ts";

export interface Column<Row> {
  readonly title: string;
  /** Null: nothing to say, shown as a dash. */
  readonly cell: (row: Row) => string | number | null;
  /** How a cell is to be taken, where there are colours. */
  readonly tone?: (row: Row) => Tone | null;
}

const gap = "  ";
/** Below that a column says nothing any more. */
const leastCharacters = 8;

export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  paper: Paper,
): readonly string[] {
  const cells = columns.map(({ cell }) => rows.map((row) => cell(row)));
  const texts = cells.map((column) => column.map((value) => makeLegible(String(value ?? "-"), paper.token)));
  const isFigures = cells.map((column) => column.some((value) => typeof value === "number"));
  const natural = columns.map(({ title }, at) => Math.max(title.length, ...(texts[at] ?? []).map(countCharacters)));
  const widths = fitWidths(natural, isFigures, paper.widthCharacters);
  const line = (of: (at: number) => string, toneOf: (at: number) => Tone | null) => {
    let room = paper.widthCharacters ?? Number.POSITIVE_INFINITY;
    return columns
      .flatMap((_, at) => {
        if (room <= 0) return [];
        const width = widths[at] ?? 0;
        const text = cutText(cutText(of(at), width), room);
        const padding = " ".repeat(Math.max(0, Math.min(width, room) - countCharacters(text)));
        room -= width + gap.length;
        // the last column needs none, and colours would hide it from trimEnd
        const after = at === columns.length - 1 ? "" : padding;
        const painted = paint(text, toneOf(at), paper);
        return isFigures[at] ? padding + painted : painted + after;
      })
      .join(gap)
      .trimEnd();
  };
  return [
    line(
      (at) => columns[at]?.title ?? "",
      () => "quiet",
    ),
    ...rows.map((row, index) =>
      line(
        (at) => texts[at]?.[index] ?? "",
        (at) => columns[at]?.tone?.(row) ?? null,
      ),
    ),
  ];
}

/** The last column gives way first, then whichever is widest; figures are never cut. */
function fitWidths(natural: readonly number[], isFigures: readonly boolean[], room: number | null): readonly number[] {
  const widths = [...natural];
  if (room === null) return widths;
  const sum = () => widths.reduce((total, width) => total + width + gap.length, -gap.length);
  const last = widths.length - 1;
  while (sum() > room) {
    const shrinkable = widths.map((width, at) => (isFigures[at] || width <= leastCharacters ? 0 : width));
    const at = (shrinkable[last] ?? 0) > 0 ? last : shrinkable.indexOf(Math.max(...shrinkable));
    const width = shrinkable[at] ?? 0;
    if (width === 0) break;
    widths[at] = Math.max(leastCharacters, width - (sum() - room), at === last ? 0 : width - 1);
  }
  return widths;
}

function countCharacters(text: string): number {
  return Array.from(text).length;
}
