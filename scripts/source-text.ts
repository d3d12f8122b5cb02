// Reads just enough TypeScript to find imports and names: which characters are code, and what is imported on which line.
// No parser ships with the tools we have, and a regular expression over raw text takes comments and strings for code.

export interface Import {
  specifier: string;
  line: number;
  /** `import type ...` or `export type ... from`: erased before it runs. */
  typeOnly: boolean;
}

/** A `/` after one of these, or after nothing, opens a regular expression; anywhere else it divides. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{;+\-*%^~<>]|\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield|throw))\s*$/;

/** `text` with comments and the insides of strings, templates and regular expressions blanked, newlines kept. */
export function maskSource(text: string): string {
  let masked = "";
  let at = 0;
  /** One entry per open `${`: how many braces are open inside it. */
  const templates: number[] = [];

  const keep = (end: number): void => {
    masked += text.slice(at, end);
    at = end;
  };
  const blank = (end: number): void => {
    masked += text.slice(at, end).replace(/[^\n]/g, " ");
    at = end;
  };
  const blankUpToQuote = (end: number): void => {
    blank(Math.max(at, end - 1));
    keep(end);
  };
  const blankTemplate = (): void => {
    const end = endOfTemplatePart(text, at);
    if (text.startsWith("${", end - 2)) {
      templates.push(0);
      blank(end - 2);
      keep(end);
    } else {
      blankUpToQuote(end);
    }
  };

  while (at < text.length) {
    const char = text[at];
    const open = templates.length - 1;
    if (text.startsWith("//", at)) blank(endOr(text.indexOf("\n", at), text));
    else if (text.startsWith("/*", at)) blank(endOr(text.indexOf("*/", at + 2), text, 2));
    else if (char === '"' || char === "'") {
      keep(at + 1);
      blankUpToQuote(endOfString(text, at, char));
    } else if (char === "`") {
      keep(at + 1);
      blankTemplate();
    } else if (char === "/" && BEFORE_REGEX.test(masked.slice(-40))) {
      keep(at + 1);
      blankUpToQuote(endOfRegex(text, at));
    } else if (char === "}" && templates[open] === 0) {
      templates.pop();
      keep(at + 1);
      blankTemplate();
    } else {
      if (char === "{" && open >= 0) templates[open] = (templates[open] ?? 0) + 1;
      if (char === "}" && open >= 0) templates[open] = (templates[open] ?? 0) - 1;
      keep(at + 1);
    }
  }
  return masked;
}

const BINDING = String.raw`(?:[\w$]+|\*(?:\s*as\s+[\w$]+)?|\{[^{}]*\})`;
const FROM = String.raw`\b(?:import|export)\b\s*(?<type>type(?=[\s{*]))?\s*${BINDING}(?:\s*,\s*${BINDING})*\s*from`;
const IMPORT = new RegExp(String.raw`(?<![.$])(?:${FROM}|\bimport\s*\(|\bimport)\s*(?<quote>["'\x60])`, "g");

/** Every static or dynamic import and re-export whose specifier is written out, in order. `masked` is maskSource(text). */
export function parseImports(text: string, masked: string): Import[] {
  return [...masked.matchAll(IMPORT)].map((match) => {
    const start = match.index + match[0].length;
    const specifier = text.slice(start, masked.indexOf(match.groups?.quote ?? '"', start));
    return { specifier, line: lineOf(masked, match.index), typeOnly: match.groups?.type !== undefined };
  });
}

/** The line, counted from 1, that holds the character at `offset`. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function endOr(found: number, text: string, length = 0): number {
  return found === -1 ? text.length : found + length;
}

/** Just past the closing quote of the string that opens at `start`, or the end of an unfinished line. */
function endOfString(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at + 1;
    else if (text[at] === "\n") return at;
  }
  return text.length;
}

/** Just past the backtick or the `${` that ends the piece of template text starting at `start`. */
function endOfTemplatePart(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "`") return at + 1;
    else if (text.startsWith("${", at)) return at + 2;
  }
  return text.length;
}

/** Just past the closing slash; a line without one was a division after all. */
function endOfRegex(text: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < text.length && text[at] !== "\n"; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "[") inClass = true;
    else if (text[at] === "]") inClass = false;
    else if (text[at] === "/" && !inClass) return at + 1;
  }
  return start + 1;
}
