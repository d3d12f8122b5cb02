// A table for people: a heading, aligned columns, figures to the right. Whatever is in a cell may
// be another person's text, so every cell is made legible here. Free text belongs into the last
// column: its width is nobody's business.
import { makeLegible } from "./legible.ts";

export interface Column<Row> {
  readonly title: string;
  /** Null: nothing to say, shown as a dash. */
  readonly cell: (row: Row) => string | number | null;
}

/** @param token struck out wherever it stands */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  token: string | null,
): readonly string[] {
  const cells = columns.map(({ cell }) => rows.map((row) => cell(row)));
  const texts = cells.map((column) => column.map((value) => makeLegible(String(value ?? "-"), token)));
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...(texts[at] ?? []).map(({ length }) => length)),
  );
  const isFigures = cells.map((column) => column.some((value) => typeof value === "number"));
  const line = (of: (at: number) => string) =>
    columns
      .map((_, at) => (isFigures[at] ? of(at).padStart(widths[at] ?? 0) : of(at).padEnd(widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line((at) => columns[at]?.title ?? ""), ...rows.map((_, row) => line((at) => texts[at]?.[row] ?? ""))];
}
