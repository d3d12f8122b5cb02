// The rules of the house as a function of file contents, so that the shape of the tree is checked and not just described.
// Plain text in, violations out; TypeScript 7 offers no parser to scripts, so source-text.ts reads the little we need.
import { posix } from "node:path";
import { type Import, lineOf, maskSource, parseImports } from "./source-text.ts";

export interface Violation {
  file: string;
  line: number;
  message: string;
}

/** Which folders (or top-level files) of src/ a place may import besides itself. A place not listed may import queue. */
const ALLOWED_PLACES: Readonly<Record<string, readonly string[]>> = {
  queue: [],
  http: ["queue", "auth"],
};
const ALLOWED_ELSEWHERE = ["queue"];
const SEES_EVERYTHING = new Set(["compose", "main", "worker"]);
/** Top-level files for those who read what others send. */
const SHARED_BY_CLIENTS = new Set(["bounded-body"]);
const CLIENTS = new Set(["auth", "monitors", "sole-file"]);

/** Packages a place may import. A place not listed may import any: its folder is there to deal with them. */
const ALLOWED_PACKAGES: Readonly<Record<string, readonly string[]>> = { queue: ["zod"] };

/** These run on Workers as well as on Node, where neither `node:*` nor Node's globals can be counted on. */
const RUNTIME_FREE = new Set(["queue", "http", "auth", "bounded-body"]);
const NODE_GLOBAL = /(?:\bglobalThis\s*\??\.\s*|(?<![\w$]|(?<!\.\.)\.))(Buffer\b|process\s*(?=\?\.|\.|\[))/g;

const DRAWERS = new Set(["utils", "util", "lib", "common", "helpers", "helper", "types", "services"]);
const MAX_LINES = 300;

/** All violations in `files` (path from the repository's root with `/` -> contents), ordered by file and line. */
export function findViolations(files: Map<string, string>): Violation[] {
  const sources = [...files].map(([file, text]) => parseSource(file, text));
  const violations = [
    ...sources.flatMap(checkNames),
    ...sources.flatMap(checkLength),
    ...sources.flatMap(checkImports),
    ...sources.flatMap(checkNodeGlobals),
    ...findCycles(sources),
  ];
  return violations.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

interface Source {
  file: string;
  text: string;
  /** `text` with comments and the insides of strings blanked; offsets and lines stay the same. */
  masked: string;
  imports: Import[];
  /** The folder or top-level file of src/ this belongs to; null outside src/. */
  place: string | null;
}

function parseSource(file: string, text: string): Source {
  const masked = maskSource(text);
  return { file, text, masked, imports: parseImports(text, masked), place: placeOf(file) };
}

/** `src/store/redis/keys.ts` -> `store`, `src/config.ts` -> `config`, `test/clock.ts` -> null. */
function placeOf(path: string): string | null {
  const [root, second] = path.split("/");
  return root === "src" && second !== undefined ? second.replace(/\.\w+$/, "") : null;
}

function checkNames({ file }: Source): Violation[] {
  const names = file.replace(/\.\w+$/, "").split("/");
  const drawer = names.find((name) => DRAWERS.has(name));
  if (drawer !== undefined) {
    return [{ file, line: 1, message: `"${drawer}" is a drawer: name the file after the one noun it holds` }];
  }
  if (names.at(-1) === "index") {
    return [{ file, line: 1, message: "no barrel: delete index.ts and import the files themselves" }];
  }
  return [];
}

function checkLength({ file, text, place }: Source): Violation[] {
  const lines = text.replace(/\n$/, "").split("\n").length;
  if (place === null || file.endsWith(".generated.ts") || lines <= MAX_LINES) return [];
  return [{ file, line: MAX_LINES + 1, message: `${lines} lines, at most ${MAX_LINES}: split it by its nouns` }];
}

function checkImports(source: Source): Violation[] {
  return source.imports.flatMap((imported) => {
    const message = isLocal(imported.specifier)
      ? objectToLocal(source, imported.specifier)
      : objectToPackage(source, imported.specifier);
    return message === null ? [] : [{ file: source.file, line: imported.line, message }];
  });
}

function objectToLocal({ file, place }: Source, specifier: string): string | null {
  if (!specifier.startsWith(".")) return `"${specifier}": spell it as a relative path ending in .ts`;
  if (specifier === "../../package.json") return null;
  if (!specifier.endsWith(".ts")) return `"${specifier}": say the file's own name, ending in .ts`;
  if (place === null) return null;

  const target = resolveLocal(file, specifier);
  const targetPlace = placeOf(target);
  if (targetPlace === null) return `src must not import ${target}: what the service needs lives in src`;
  if (targetPlace === place || SEES_EVERYTHING.has(place)) return null;
  if (CLIENTS.has(place) && SHARED_BY_CLIENTS.has(targetPlace)) return null;
  if ((ALLOWED_PLACES[place] ?? ALLOWED_ELSEWHERE).includes(targetPlace)) return null;
  return `${place} must not import ${targetPlace}: own an interface in queue and let compose.ts hand it in`;
}

function objectToPackage({ place }: Source, specifier: string): string | null {
  if (place === null) return null;
  if (RUNTIME_FREE.has(place) && specifier.startsWith("node:")) {
    return `${place} must not import ${specifier}: it runs on Workers too; use a web standard or have it handed in`;
  }
  const allowed = ALLOWED_PACKAGES[place];
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (allowed === undefined || allowed.includes(name)) return null;
  return `${place} must not import ${name}: of packages it may use ${allowed.join(", ")} only`;
}

function checkNodeGlobals({ file, masked, place }: Source): Violation[] {
  if (place === null || !RUNTIME_FREE.has(place)) return [];
  return [...masked.matchAll(NODE_GLOBAL)].map((match) => ({
    file,
    line: lineOf(masked, match.index),
    message: `${place} must not use ${match[1]?.trim()}: it runs on Workers too; use a web standard or have it handed in`,
  }));
}

/**
 * One violation per cycle, at its first file by name. `import type` is erased and closes no cycle;
 * `import { type A }` is not: what runs still imports the file, for its side effects.
 */
function findCycles(sources: Source[]): Violation[] {
  const edges = new Map(sources.map((source) => [source.file, runtimeTargets(source)]));
  const reported = new Set<string>();
  const violations: Violation[] = [];
  for (const source of [...sources].sort((a, b) => (a.file < b.file ? -1 : 1))) {
    if (reported.has(source.file)) continue;
    const cycle = findShortestWayBack(source.file, edges);
    if (cycle === null) continue;
    for (const file of cycle) reported.add(file);
    const line = source.imports.find(({ specifier }) => resolveLocal(source.file, specifier) === cycle[1])?.line ?? 1;
    const message = `import cycle ${cycle.join(" -> ")}: move what they share into a file of its own`;
    violations.push({ file: source.file, line, message });
  }
  return violations;
}

function runtimeTargets({ file, imports }: Source): string[] {
  return imports
    .filter(({ typeOnly, specifier }) => !typeOnly && isLocal(specifier))
    .map(({ specifier }) => resolveLocal(file, specifier));
}

/** Breadth first, so that the cycle shown is one a reader can follow: `[start, ..., start]`. */
function findShortestWayBack(start: string, edges: Map<string, string[]>): string[] | null {
  const seen = new Set<string>();
  let paths = [[start]];
  while (paths.length > 0) {
    const longer: string[][] = [];
    for (const path of paths) {
      for (const target of edges.get(path.at(-1) ?? start) ?? []) {
        if (target === start) return [...path, start];
        if (seen.has(target)) continue;
        seen.add(target);
        longer.push([...path, target]);
      }
    }
    paths = longer;
  }
  return null;
}

function isLocal(specifier: string): boolean {
  return /^[./#]/.test(specifier);
}

function resolveLocal(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier);
}
