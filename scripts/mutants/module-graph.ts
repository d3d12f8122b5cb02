// Which modules of the project import which: only those that a mutant can reach are loaded anew for
// it.
import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { stripTypes } from "./typescript-mutants.ts";

/**
 * The file itself and every module that imports it, directly or by others. Paths from the project's
 * folder.
 */
export type FindImporters = (file: string) => ReadonlySet<string>;

export function createImporterSearch(root: string): FindImporters {
  const importers = new Map<string, string[]>();
  for (const file of globSync("{src,test,scripts}/**/*.ts", { cwd: root })) {
    const source = stripTypes(readFileSync(`${root}/${file}`, "utf8"));
    for (const [, specifier = ""] of source.matchAll(/(?:\bfrom|\bimport)\s*\(?"(\.[^"]+\.ts)"/g)) {
      const imported = posix.join(posix.dirname(file), specifier);
      importers.set(imported, [...(importers.get(imported) ?? []), file]);
    }
  }
  return (file) => {
    const found = new Set([file]);
    for (const one of found) for (const importer of importers.get(one) ?? []) found.add(importer);
    return found;
  };
}
