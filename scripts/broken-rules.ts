// Breaks rules of the queue by hand, one after the other, and looks for worlds that show it: what
// the simulation does not find, it does not prove. `npm run broken-rules`.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { brokenRules } from "../test/simulation/broken-rules.ts";

const usage = `Usage: npm run broken-rules [-- <worlds>]

Breaks each rule of test/simulation/broken-rules.ts in a process of its own, and runs simulated worlds of half an hour until
one breaks its promise: from the seed that showed it last, so many at most (100).

Exit code 0: each was found. 1: one was not. 2: not understood.`;

const [worlds = "100", ...rest] = process.argv.slice(2);
if (worlds === "--help" || !/^\d{1,6}$/.test(worlds) || rest.length > 0) {
  console.log(usage);
  process.exit(worlds === "--help" ? 0 : 2);
}
const runner = fileURLToPath(new URL("../test/simulation/run-broken.ts", import.meta.url));
for (const [index, { name, seed, promises }] of brokenRules.entries()) {
  const last = seed + Number(worlds) - 1;
  const args = [runner, String(index), String(seed), String(last)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const found = JSON.parse(stdout) as { readonly seed: number; readonly promises: readonly string[] } | null;
  const isFound = found?.promises.some((promise) => promises.some((one) => one === promise)) ?? false;
  console.log(`${isFound ? "found" : "NOT FOUND"}  seed ${found?.seed ?? `${seed} to ${last}`}  ${name}`);
  if (!isFound) process.exitCode = 1;
}
