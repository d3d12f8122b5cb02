// A process that runs tests with one mutant after the other. For each mutant, the modules that it
// can reach are loaded anew under `?mutant=<n>`, and the mutated one gets the changed text. All
// others are shared.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findFailure } from "./run-suite.ts";
import { stripTypes } from "./typescript-mutants.ts";

export interface Task {
  readonly id: number;
  /** the module that holds the mutant, and its text; null: none */
  readonly changed: { readonly file: string; readonly text: string } | null;
  /**
   * the modules that import it, directly or by others, itself included; all of them where nothing
   * is changed
   */
  readonly reached: ReadonlySet<string>;
  readonly tests: readonly string[];
}
export interface TaskEnd {
  readonly id: number;
  /** null: all tests passed */
  readonly failure: string | null;
}

const root = process.cwd();
const rootUrl = pathToFileURL(`${root}/`).href;
const collectorUrl = new URL("test-collector.ts", import.meta.url).href;
const sources = new Map<string, string>();
let changed: Task["changed"] = null;
let reached: Task["reached"] = new Set();

registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier === "vitest" && context.parentURL !== collectorUrl) return { url: collectorUrl, shortCircuit: true };
    const resolved = next(specifier, context);
    const query = /\?mutant=\d+$/.exec(context.parentURL ?? "")?.[0];
    const isReached = resolved.url.startsWith(rootUrl) && reached.has(resolved.url.slice(rootUrl.length));
    return query !== undefined && isReached ? { ...resolved, url: resolved.url + query } : resolved;
  },
  load: (url, context, next) => {
    if (!/\?mutant=\d+$/.test(url)) return next(url, context);
    const path = fileURLToPath(url);
    if (changed !== null && path === `${root}/${changed.file}`) {
      return { format: "module", source: stripTypes(changed.text), shortCircuit: true };
    }
    const source = sources.get(path) ?? stripTypes(readFileSync(path, "utf8"));
    sources.set(path, source);
    return { format: "module", source, shortCircuit: true };
  },
});

/**
 * One server for all mutants that this process tries: suites empty it before each test. It ends
 * with the process's group.
 */
async function offerRedis(): Promise<void> {
  if (process.env.TEST_REDIS_URL !== undefined) return;
  const { hasRedis, startRedis } = await import("../../test/support/redis-server.ts");
  if (!hasRedis) throw new Error("redis-server is missing: apt-get install redis-server");
  process.env.TEST_REDIS_URL = (await startRedis()).url;
}

async function runTests({ id, tests }: Task): Promise<string | null> {
  if (tests.some((file) => file.startsWith("test/conformance/"))) await offerRedis();
  const { beginCollecting } = (await import(collectorUrl)) as typeof import("./test-collector.ts");
  for (const file of tests) {
    const suite = beginCollecting();
    try {
      await import(`${rootUrl}${file}?mutant=${id}`);
    } catch (error) {
      return `${file}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`;
    }
    const failure = await findFailure(suite);
    if (failure !== null) return failure;
  }
  return null;
}

/**
 * A promise that nobody awaits may fail with a mutant: the test that follows, or the time-out, says
 * so.
 */
process.on("unhandledRejection", () => {});

process.on("message", (task: Task) => {
  changed = task.changed;
  reached = task.reached;
  void runTests(task).then((failure) => process.send?.({ id: task.id, failure } satisfies TaskEnd));
});
