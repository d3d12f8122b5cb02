// The fuzzing of the test run - every route, artifacts, replies of monitors and GitHub - for as
// long as one likes: `npm run test:fuzz -- --cases 200000`.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const usage = `Usage: npm run test:fuzz -- [--cases N]

Tries N cases (200000) in each test that fuzzes. Exit code 0 when nothing was thrown, hung, or went out of bounds.`;
const { values } = parseArgs({
  options: { cases: { type: "string", default: "200000" }, help: { type: "boolean", short: "h" } },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
if (!/^[1-9]\d*$/.test(values.cases)) {
  console.error(`--cases takes a whole number.\n\n${usage}`);
  process.exit(2);
}
const files = [
  "test/http/bad-input.test.ts",
  "test/http/fuzzed-artifacts.test.ts",
  "test/monitors/fuzzed-replies.test.ts",
];
const run = spawnSync("vitest", ["run", ...files, "--testTimeout", "86400000"], {
  stdio: "inherit",
  env: { ...process.env, FUZZ_CASES: values.cases },
});
process.exit(run.status ?? 1);
