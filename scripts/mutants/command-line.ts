// Reads the command line of `npm run mutants`. What is wrong with it comes back as one sentence.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { targetFolders } from "./targets.ts";

export const usage = `Changes the rules of the queue and the Redis scripts in one small place at a time, and looks whether a test notices.

npm run mutants -- [options]
  --path <file or folder>  only mutants in there; may be given several times (${targetFolders.join(", ")})
  --tables-only            rules only by the tables of cases in test/queue: minutes instead of an hour
  --processes <n>          processes that run tests at the same time (${availableParallelism()})
  --json                   print one JSON document at the end instead of a table
  --help                   print this

Rules are tried against test/queue first; what survives, and the scripts, against test/conformance over the embedded store
and a real redis-server. scripts/mutants/accepted-survivors.json lists survivors that change nothing, with the reason.
Exits with 0 where every other mutant was killed, with 1 where one survived, with 2 where it was called wrongly.`;

export interface MutantsCommand {
  readonly paths: readonly string[];
  readonly isTablesOnly: boolean;
  readonly processes: number;
  readonly json: boolean;
}

export type CommandLine =
  | { readonly kind: "run"; readonly command: MutantsCommand }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly why: string };

export function parseCommandLine(args: string[]): CommandLine {
  try {
    const { values } = parseArgs({
      args,
      options: {
        path: { type: "string", multiple: true, default: [...targetFolders] },
        "tables-only": { type: "boolean", default: false },
        processes: { type: "string", default: String(availableParallelism()) },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    const processes = Number(values.processes);
    if (!Number.isInteger(processes) || processes < 1) throw new Error("--processes takes a whole number from 1 on.");
    const paths = values.path.map((path) => path.replace(/^\.\//, "").replace(/\/$/, ""));
    const strange = paths.find((path) => !targetFolders.some((folder) => `${path}/`.startsWith(`${folder}/`)));
    if (strange !== undefined) throw new Error(`--path ${strange} is not below ${targetFolders.join(" or ")}.`);
    return { kind: "run", command: { paths, isTablesOnly: values["tables-only"], processes, json: values.json } };
  } catch (error) {
    return { kind: "wrong", why: error instanceof Error ? error.message : String(error) };
  }
}
