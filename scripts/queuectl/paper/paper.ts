// What texts for people are written on: how wide it is, whether in colour, and what may never
// stand on it.

export interface Paper {
  /** struck out wherever it stands */
  readonly token: string | null;
  /** Null: as wide as it takes, for files and pipes. */
  readonly widthCharacters: number | null;
  readonly isColoured: boolean;
}

export type Tone = "good" | "warn" | "bad" | "quiet";

const codes = { good: 32, warn: 33, bad: 31, quiet: 2 } as const satisfies Record<Tone, number>;

/** @param text legible already: the codes are ours alone */
export function paint(text: string, tone: Tone | null, { isColoured }: Paper): string {
  return isColoured && tone !== null && text !== "" ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text;
}

/** The beginning of a text that is too long for its room, and a sign that there was more. */
export function cutText(text: string, characters: number): string {
  const all = Array.from(text);
  return all.length <= characters ? text : `${all.slice(0, Math.max(0, characters - 1)).join("")}…`;
}
