// Reads the command line of `npm run queuectl`. Pure: what is wrong with it comes back as one
// sentence, which never repeats what was typed where that might be the token.
import { parseArgs } from "node:util";
import { parseQueueUrl, parseToken, requireToken } from "../../queue-address.ts";
import type { QueuectlCommand } from "./command.ts";
import { parseShell, type Shell } from "./completion.ts";
import type { Connection } from "./connection.ts";
import { type Command, type CommandName, isCommandName, manual } from "./manual.ts";
import { nameOperator } from "./operator-name.ts";
import {
  idShape,
  keyShape,
  parseLimit,
  parseNote,
  parseOptional,
  parseShaped,
  parseSince,
  parseUntil,
  repoShape,
  runShape,
  type Shape,
  shellShape,
  stateShape,
} from "./option-value.ts";

export type CommandLine =
  | { readonly kind: "run"; readonly command: QueuectlCommand }
  | { readonly kind: "help"; readonly of: CommandName | null }
  | { readonly kind: "version" }
  | { readonly kind: "completion"; readonly shell: Shell }
  | { readonly kind: "wrong"; readonly why: string };

const options = {
  queue: { type: "string" },
  token: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
  version: { type: "boolean", default: false },
  profile: { type: "string" },
  all: { type: "boolean" },
  note: { type: "string" },
  until: { type: "string" },
  by: { type: "string" },
  run: { type: "string" },
  repo: { type: "string" },
  id: { type: "string" },
  limit: { type: "string" },
  since: { type: "string" },
  state: { type: "string" },
} as const;
const common = ["queue", "token", "json", "help", "version"];

const shapeOf = {
  "<monitor>": keyShape,
  "<profile>": keyShape,
  "<unique_id>": idShape,
  "<run_id>": runShape,
  "<shell>": shellShape,
} as const satisfies Record<NonNullable<Command["argument"]>, Shape>;

/** Of those that ask a queue. */
type QueueCommandName = Exclude<CommandName, "completion">;
type Values = ReturnType<typeof parseOptions>["values"];

export function parseCommandLine(args: string[], environment: Readonly<NodeJS.ProcessEnv>): CommandLine {
  try {
    const { values, positionals } = parseOptions(args);
    const [name, ...rest] = positionals;
    const known = name !== undefined && isCommandName(name) ? name : null;
    if (values.help) return { kind: "help", of: known };
    if (values.version && name === undefined) return { kind: "version" };
    const names = Object.keys(manual).join(", ");
    if (name === undefined) throw new Error(`Which command? There are ${names}.`);
    if (known === null) throw new Error(`There is no such command. There are ${names}.`);
    const argument = parseArgument(known, rest);
    checkOptions(known, values);
    if (known === "completion") return { kind: "completion", shell: parseShell(argument) };
    const givenToken = values.token ?? environment.RUNNER_QUEUE_TOKEN;
    const connection = {
      queueUrl: parseQueueUrl(
        values.queue ?? (environment.RUNNER_QUEUE_URL || "http://127.0.0.1:8002"),
        "--queue (or RUNNER_QUEUE_URL)",
      ),
      token: manual[known].needsToken ? requireToken(givenToken) : parseToken(givenToken),
      json: values.json,
    };
    return { kind: "run", command: parseCommand(known, argument, connection, values) };
  } catch (error) {
    return { kind: "wrong", why: describeError(error) };
  }
}

function parseOptions(args: string[]) {
  return parseArgs({ args, allowPositionals: true, options });
}

function parseCommand(
  name: QueueCommandName,
  argument: string,
  connection: Connection,
  values: Values,
): QueuectlCommand {
  switch (name) {
    case "status":
    case "monitors":
    case "watch":
      return { ...connection, name };
    case "jobs":
      return {
        ...connection,
        name,
        profile: parseProfile(values),
        isAll: values.all ?? false,
        repo: parseOptional("--repo", values.repo, repoShape),
        state: parseOptional("--state", values.state, stateShape),
      };
    case "drain":
    case "resume":
    case "pause":
    case "unpause":
    case "forget-monitor":
    case "forget-profile":
      return {
        ...connection,
        name,
        what: argument,
        note: parseNote(values.note, manual[name].needs !== null),
        by: values.by ?? nameOperator(),
        until: parseUntil(values.until),
      };
    case "why":
    case "explain":
      return { ...connection, name, uniqueId: argument };
    case "run":
      return { ...connection, name, runId: argument };
    case "cancel":
    case "rerun":
    case "expedite":
      return {
        ...connection,
        name,
        uniqueId: argument,
        note: parseNote(values.note, manual[name].needs !== null),
        by: values.by ?? nameOperator(),
      };
    case "history":
      return {
        ...connection,
        name,
        run: parseOptional("--run", values.run, runShape),
        repo: parseOptional("--repo", values.repo, repoShape),
        id: parseOptional("--id", values.id, idShape),
        profile: parseProfile(values),
        limit: parseLimit(values.limit),
        sinceMs: parseSince(values.since),
      };
  }
}

function parseProfile(values: Values): string | null {
  return parseOptional("--profile", values.profile, keyShape);
}

/** What stands behind the command's name; empty where nothing has to. */
function parseArgument(name: CommandName, rest: readonly string[]): string {
  const { argument } = manual[name];
  const [given, ...more] = rest;
  if (more.length > 0 || (argument === null && given !== undefined)) {
    throw new Error(`There is an argument too many for ${name}.`);
  }
  if (argument === null) return "";
  if (given === undefined) throw new Error(`${name} what? Say ${name} ${argument}.`);
  return parseShaped(argument, given, shapeOf[argument]);
}

function checkOptions(name: CommandName, values: Values): void {
  const own: readonly string[] = manual[name].options;
  const foreign = Object.keys(values).find((option) => !common.includes(option) && !own.includes(option));
  if (foreign !== undefined) throw new Error(`${name} knows no --${foreign}.`);
}

/** What parseArgs throws begins with a sentence. */
function describeError(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
