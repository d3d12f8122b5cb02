// Other people's text, made fit to be shown: what hides, moves, colours or turns around text is
// written out, so that it is seen and does nothing. Letters of every script stay as they are.
// Escaping for HTML comes on top, at the place that writes HTML.

/** Joiners are a part of letters in some scripts, and of emoji. */
const troublesome = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** One line: U+202E becomes the six characters `<202e>`. */
export function makePlain(text: string): string {
  return text.replace(troublesome, (character) => `<${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}>`);
}
