// One small change to the program, and what became of it.

/** A stretch of a file and what takes its place. Offsets count characters of the file. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

export interface Mutant extends Edit {
  /** path from the project's folder */
  readonly file: string;
  /** from 1 */
  readonly line: number;
  /** what kind of change: "comparison", "statement removed" ... */
  readonly operator: string;
  /** the text that is replaced */
  readonly original: string;
}

/** `timed out`: the tests did not end with it, which somebody would notice. */
export type Fate = "killed" | "timed out" | "survived";

export interface Verdict {
  readonly mutant: Mutant;
  readonly fate: Fate;
  /** the test that failed first, or what went wrong */
  readonly by: string;
}

export function mutantsOf(
  file: string,
  source: string,
  edits: readonly (Edit & { readonly operator: string })[],
): Mutant[] {
  return edits.map(({ start, end, replacement, operator }) => ({
    file,
    line: source.slice(0, start).split("\n").length,
    start,
    end,
    replacement,
    operator,
    original: source.slice(start, end),
  }));
}

export function applyEdit(source: string, { start, end, replacement }: Edit): string {
  return source.slice(0, start) + replacement + source.slice(end);
}

/**
 * How people, and the list of accepted survivors, name a mutant: by what it says, for lines move.
 */
export function describeMutant({ operator, original, replacement }: Mutant): string {
  const brief = (text: string) => {
    const line = text.replace(/\s+/g, " ").trim();
    return line.length > 90 ? `${line.slice(0, 87)}...` : line;
  };
  return `${operator}: ${brief(original)} -> ${brief(replacement) || "(nothing)"}`;
}
