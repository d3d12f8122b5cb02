// Before any test: the service and the tools run once, so that Node keeps their code compiled. A
// process writes down what it compiled when it ends by itself, and most of those that tests start
// are killed.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const entries = ["src/main.ts", "scripts/self-test.ts", "scripts/queuectl.ts"];

export default function warmCompileCache(): void {
  for (const entry of entries) {
    // without settings or arguments each ends at once, with a word about them
    const path = fileURLToPath(new URL(`../../${entry}`, import.meta.url));
    spawnSync(process.execPath, [path, "--help"], {
      stdio: "ignore",
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
    });
  }
}
