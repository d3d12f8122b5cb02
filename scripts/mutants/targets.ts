// What is mutated, and by which tests: a rule by the tables of cases first, its own table before
// the others; what survives those, by the suites over whole stores. A script by the suites over a
// real Redis.
import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { findLuaMutants } from "./lua-mutants.ts";
import type { Mutant } from "./mutant.ts";
import type { Task } from "./test-process.ts";
import { findTypeScriptMutants } from "./typescript-mutants.ts";

export const targetFolders = ["src/queue", "src/store/redis/scripts"] as const;
const generatedScripts = "src/store/redis/scripts.generated.ts";

/** @param paths files or folders below the target folders */
export function findMutants(root: string, paths: readonly string[]): Mutant[] {
  const patterns = targetFolders.map((folder) => `${folder}/**/*.{ts,lua}`);
  const files = globSync(patterns, { cwd: root }).filter((file) =>
    paths.some((path) => file === path || file.startsWith(`${path}/`)),
  );
  return files.sort().flatMap((file) => {
    const source = readFileSync(`${root}/${file}`, "utf8");
    return file.endsWith(".lua") ? findLuaMutants(file, source) : findTypeScriptMutants(file, source);
  });
}

/** The changed text of the module that a mutant stands in. */
export function changedModule(root: string, mutant: Mutant): NonNullable<Task["changed"]> {
  const source = readFileSync(`${root}/${mutant.file}`, "utf8");
  const text = source.slice(0, mutant.start) + mutant.replacement + source.slice(mutant.end);
  if (!mutant.file.endsWith(".lua")) return { file: mutant.file, text };
  // The generated module holds scripts as JSON texts, some of them with a shared beginning.
  const quoted = (script: string) => JSON.stringify(script).slice(1, -1);
  const generated = readFileSync(`${root}/${generatedScripts}`, "utf8");
  if (!generated.includes(quoted(source))) throw new Error(`${generatedScripts} is stale: npm run generate`);
  return { file: generatedScripts, text: generated.replaceAll(quoted(source), () => quoted(text)) };
}

/** The tables of cases, the mutated file's own first, then those of its folder. */
export function tablesFor(root: string, file: string): string[] {
  const own = file.replace(/^src\//, "test/").replace(/\.ts$/, ".test.ts");
  const nearness = (test: string) => (test === own ? 0 : dirname(test) === dirname(own) ? 1 : 2);
  return globSync("test/queue/**/*.test.ts", { cwd: root }).sort(
    (a, b) => nearness(a) - nearness(b) || (a < b ? -1 : 1),
  );
}

/** The suites over whole stores: for scripts the most thorough first, for rules the quickest. */
export function suitesFor(root: string, file: string): string[] {
  const thorough = ["random.test.ts", "conformance.test.ts"];
  const rank = (test: string) => thorough.findIndex((name) => test.endsWith(name)) * (file.endsWith(".lua") ? -1 : 1);
  return globSync("test/conformance/*.test.ts", { cwd: root }).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
