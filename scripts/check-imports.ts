// Checks the tree against the rules of the house (import-rules.ts), so that they hold without anybody watching.
import { existsSync, globSync, readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { parseArgs } from "node:util";
import { findViolations } from "./import-rules.ts";

const HELP = `Usage: node scripts/check-imports.ts [directory]

Checks who imports whom, file names and file lengths in src, test, scripts and bench of the directory (default: this
repository). Prints "file:line: what is wrong: what to do" for each violation and exits 1; silent and 0 if there is none.
`;

process.exitCode = checkImports(process.argv.slice(2));

function checkImports(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const root = resolve(positionals[0] ?? join(import.meta.dirname, ".."));
  if (!existsSync(join(root, "src"))) {
    process.stderr.write(`${root} has no src directory: nothing to check\n`);
    return 2;
  }
  const violations = findViolations(loadFiles(root));
  for (const { file, line, message } of violations) process.stdout.write(`${file}:${line}: ${message}\n`);
  return violations.length > 0 ? 1 : 0;
}

function loadFiles(root: string): Map<string, string> {
  const paths = globSync("{src,test,scripts,bench}/**/*.ts", { cwd: root });
  return new Map(paths.sort().map((path) => [path.split(sep).join("/"), readFileSync(join(root, path), "utf8")]));
}
