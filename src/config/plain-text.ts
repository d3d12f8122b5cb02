// Texts as people hand them over: with the line break of a file and the quotes of a shell around
// them.

/**
 * Without surrounding white space and quotes. Quotes that belong to the parts of a list ('a','b')
 * are left to the parts.
 */
export function trimQuotes(text: string): string {
  const trimmed = text.trim();
  const [, quote = "", inner = ""] = /^(["'])(.*)\1$/s.exec(trimmed) ?? [];
  return quote === "" || inner.includes(quote) ? trimmed : trimQuotes(inner);
}

/** The parts of a list, each without white space and quotes; empty ones are left out. */
export function splitList(text: string, separator: string | RegExp = ","): string[] {
  return text
    .split(separator)
    .map(trimQuotes)
    .filter((part) => part !== "");
}
