// Before any test: the package is built as it is published, and the processes that tests start run
// it, for that is what people run; and reading one file costs less than half of reading hundreds.
// The service and the tools then run once, so that Node keeps their code compiled: a process writes
// down what it compiled when it ends by itself, and most of those that tests start are killed.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const sources = ["scripts/self-test.ts", "scripts/queuectl.ts"];

/** Returns what removes it again: each run has its own, for another may go on beside it. */
export default function buildPackage(): () => void {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "test-run-"));
  const built = join(folder, "package");
  const build = spawnSync(process.execPath, [join(root, "scripts/build.ts"), "--out", built], { encoding: "utf8" });
  if (build.status !== 0) throw new Error(`the package cannot be built: ${build.stderr}`);
  process.env.NODE_COMPILE_CACHE = join(folder, "compiled");
  process.env.BUILT_PACKAGE = built;
  for (const entry of [join(built, "serve.js"), ...sources.map((name) => join(root, name))]) {
    // without settings or arguments each ends at once, with a word about them
    spawnSync(process.execPath, [entry, "--help"], {
      stdio: "ignore",
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
    });
  }
  return () => rmSync(folder, { recursive: true, force: true });
}
