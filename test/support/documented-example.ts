// Programs that the documents print whole: tests run what is printed.
import { readFileSync } from "node:fs";

/** @returns the first block of JavaScript below a heading of a document in docs/ */
export function documentedExample(document: string, heading: string): string {
  const text = readFileSync(new URL(`../../docs/${document}`, import.meta.url), "utf8");
  const [, below] = text.split(`\n${heading}\n`);
  const [, example] = /```js\n([\s\S]*?)```/.exec(below ?? "") ?? [];
  if (example === undefined) throw new Error(`docs/${document} has no example below "${heading}".`);
  return example;
}
