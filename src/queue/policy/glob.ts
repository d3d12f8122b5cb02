// The patterns of a policy: `*` stands for any characters but a slash, also for none. Nothing else
// is special. A star that stops at slashes cannot be fooled by a branch that is named
// `x@refs/heads/main`.

/**
 * Whether the whole text matches. It takes at most the product of both lengths, whatever they hold.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const patterns = pattern.split("/");
  const texts = text.split("/");
  return patterns.length === texts.length && patterns.every((part, at) => matchesPart(part, texts[at] ?? ""));
}

/** The pieces between the stars, each at the first place that is left. */
function matchesPart(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const piece of rest) {
    const at = text.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
