// Generated mutants of the rules and the Redis scripts: what no test notices, no test proves. `npm
// run mutants -- --help`.
import { fileURLToPath } from "node:url";
import { loadAcceptedSurvivors } from "./mutants/accepted-survivors.ts";
import { type MutantsCommand, parseCommandLine, usage } from "./mutants/command-line.ts";
import { createImporterSearch } from "./mutants/module-graph.ts";
import type { Mutant, Verdict } from "./mutants/mutant.ts";
import { renderReport, summarise } from "./mutants/report.ts";
import { changedModule, findMutants, suitesFor, tablesFor } from "./mutants/targets.ts";
import { runTasks } from "./mutants/test-pool.ts";
import type { Task } from "./mutants/test-process.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const findImporters = createImporterSearch(root);
const tableTimeoutMs = 20_000;
const suiteTimeoutMs = 180_000;
/** The random sequences of the suites: the same ones for every mutant. */
const environment = { RANDOM_SEQUENCES: "15", RANDOM_SEED: "7" };

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const commandLine = parseCommandLine(process.argv.slice(2));
switch (commandLine.kind) {
  case "help":
    console.log(usage);
    break;
  case "wrong":
    console.error(`${commandLine.why}\n\n${usage}`);
    process.exitCode = 2;
    break;
  case "run":
    process.exitCode = await tryMutants(commandLine.command);
}

async function tryMutants({ paths, isTablesOnly, processes, json }: MutantsCommand): Promise<number> {
  Object.assign(process.env, environment);
  const mutants = findMutants(root, paths);
  const rules = mutants.filter(({ file }) => file.endsWith(".ts"));
  const scripts = isTablesOnly ? [] : mutants.filter(({ file }) => file.endsWith(".lua"));
  await requireGreen(tablesFor(root, "src/queue/profile.ts"), tableTimeoutMs);
  if (!isTablesOnly) await requireGreen(suitesFor(root, ""), suiteTimeoutMs);
  const byTables = await judge("tables", rules, (file) => tablesFor(root, file), processes, tableTimeoutMs);
  const left = isTablesOnly ? [] : byTables.filter(({ fate }) => fate === "survived").map(({ mutant }) => mutant);
  const bySuites = await judge(
    "suites",
    [...left, ...scripts],
    (file) => suitesFor(root, file),
    processes,
    suiteTimeoutMs,
  );
  const verdicts = [...byTables.filter(({ mutant }) => !left.includes(mutant)), ...bySuites];
  const report = summarise(verdicts, loadAcceptedSurvivors());
  console.log(json ? JSON.stringify(report, null, 2) : renderReport(report));
  return report.survivors.length === 0 ? 0 : 1;
}

/** Tests that fail without any mutant prove nothing. */
async function requireGreen(tests: readonly string[], timeoutMs: number): Promise<void> {
  const task: Task = { id: 0, changed: null, reached: new Set(), tests };
  await runTasks(root, [task], 1, timeoutMs, ({ failure }) => {
    if (failure !== null) throw new Error(`a test fails without any mutant: ${failure}`);
  });
}

async function judge(
  by: string,
  mutants: readonly Mutant[],
  testsFor: (file: string) => readonly string[],
  processes: number,
  timeoutMs: number,
): Promise<Verdict[]> {
  const tasks = mutants.map((mutant, at): Task => {
    const changed = changedModule(root, mutant);
    const reached = findImporters(changed.file);
    return { id: at + 1, changed, reached, tests: testsFor(mutant.file).filter((test) => reached.has(test)) };
  });
  const verdicts: Verdict[] = [];
  const startedAt = performance.now();
  let survived = 0;
  await runTasks(root, tasks, processes, timeoutMs, ({ task, failure, isTimedOut }) => {
    const mutant = mutants[task.id - 1];
    if (mutant === undefined) return;
    const fate = isTimedOut ? "timed out" : failure === null ? "survived" : "killed";
    verdicts.push({ mutant, fate, by: failure ?? "" });
    if (fate === "survived") survived += 1;
    const isWorthALine = verdicts.length % (by === "tables" ? 100 : 10) === 0 || verdicts.length === mutants.length;
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    if (isWorthALine)
      console.error(`${by}: ${verdicts.length} of ${mutants.length}, ${survived} survived, ${seconds} s`);
  });
  return mutants.flatMap((mutant) => verdicts.find((one) => one.mutant === mutant) ?? []);
}
