// The mutants of a Lua script, found by its words: comparisons, and/or/not, signs, numbers,
// true/false, the borders of a lexical range ("[" or "("), and whole lines that are a statement.
import { type Edit, type Mutant, mutantsOf } from "./mutant.ts";

interface Change extends Edit {
  readonly operator: string;
}

const twins: Readonly<Record<string, readonly (readonly [replacement: string, operator: string])[]>> = {
  "<": [
    ["<=", "comparison"],
    [">=", "comparison"],
  ],
  "<=": [
    ["<", "comparison"],
    [">", "comparison"],
  ],
  ">": [
    [">=", "comparison"],
    ["<=", "comparison"],
  ],
  ">=": [
    [">", "comparison"],
    ["<", "comparison"],
  ],
  "==": [["~=", "comparison"]],
  "~=": [["==", "comparison"]],
  "+": [["-", "arithmetic"]],
  "-": [["+", "arithmetic"]],
  "*": [["/", "arithmetic"]],
  and: [["or", "operator"]],
  or: [["and", "operator"]],
  not: [["", "negation"]],
  true: [["false", "constant"]],
  false: [["true", "constant"]],
  '"("': [['"["', "border"]],
  '"["': [['"("', "border"]],
};
const word = /--[^\n]*|"(?:[^"\\\n]|\\.)*"|[<>=~]=|\.\.|[A-Za-z_]\w*|\d+(?:\.\d+)?|[-<>+*]/g;
/** A line that does something by itself: a call, an assignment, a return. */
const statement =
  /^[ \t]*((?:redis\.p?call|firstOfEachNeed|writeJob|write|beginEpoch)\(.*\)|return\b.*|(?!local|for|if|while|else|function)[\w.[\]# +]+(?:, ?\w+)* = .*[^{,(])$/gm;

export function findLuaMutants(file: string, source: string): Mutant[] {
  const changes: Change[] = [];
  for (const found of source.matchAll(word)) {
    const [text] = found;
    if (text.startsWith("--")) continue;
    const at = { start: found.index, end: found.index + text.length };
    for (const [replacement, operator] of twins[text] ?? []) changes.push({ ...at, replacement, operator });
    if (/^\d+$/.test(text)) {
      const values = text === "0" ? [1] : [Number(text) - 1, Number(text) + 1];
      changes.push(...values.map((value) => ({ ...at, replacement: String(value), operator: "constant" })));
    }
  }
  for (const found of source.matchAll(statement)) {
    const line = found[1] ?? "";
    const start = found.index + found[0].length - line.length;
    changes.push({ start, end: start + line.length, replacement: "", operator: "statement removed" });
  }
  return mutantsOf(file, source, changes);
}
