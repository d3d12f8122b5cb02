// Text in aligned columns for a terminal: cells that are too long are cut, and no line is longer
// than a terminal is wide. All text is made plain first: others wrote some of it.
import { makePlain } from "../plain-text.ts";

/** Columns of a terminal that a line fills at most. */
export const lineWidth = 118;
const gap = "  ";
const leastLast = 12;

export interface Column {
  readonly name: string;
  /** as wide as its widest cell, but no wider than this; the last column takes what is left */
  readonly most: number;
  readonly isFigure?: boolean;
}

/** A heading and the rows below it, each after `indent`. @param most columns of the terminal */
export function alignColumns(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  indent: string,
  most = lineWidth,
): string[] {
  const table = [columns.map(({ name }) => name), ...rows.map((row) => row.map(makePlain))];
  const widths = columns.map((column, at) =>
    Math.min(column.most, Math.max(...table.map((row) => widthOf(row[at] ?? "")))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, indent.length);
  widths[widths.length - 1] = Math.max(leastLast, most - before);
  return table.map((row) => {
    const cells = columns.map(({ isFigure }, at) => {
      const width = widths[at] ?? 0;
      const cell = cutTo(row[at] ?? "", width);
      const padding = " ".repeat(Math.max(0, width - widthOf(cell)));
      return isFigure ? padding + cell : cell + padding;
    });
    return `${indent}${cells.join(gap)}`.trimEnd();
  });
}

/** Prose in as many lines as it takes, the later ones further in. */
export function wrapProse(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of makePlain(text).split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= lineWidth)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}${last === undefined ? "" : "  "}${word}`);
  }
  return lines;
}

const wide =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;
const without = /^[\p{M}\u200c\u200d]/u;

/** Columns that a terminal needs for it, as far as that can be known. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += without.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

/** The text, or its beginning and an ellipsis. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  for (const character of text) {
    if (widthOf(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
