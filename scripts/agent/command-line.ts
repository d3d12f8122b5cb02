// Reads the command line of `runner-queue agent`. Pure, but for the files that hold the tokens: what
// is wrong comes back as one sentence, which never repeats a token.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { invocationOf } from "../invocation.ts";
import { parseQueueUrl, parseToken } from "../queue-address.ts";

export const usage = `Speaks for a host that the queue cannot call: fetches its takes, and has its runners reserved (docs/agent.md).

${invocationOf("agent")} --queue <url> --name <name> --token-file <file> <host> [options]
  --queue <url>          the queue
  --name <name>          the host's name in the queue's MONITORS: <name>=pull
  --token-file <file>    holds the bearer of that name
The host is either a monitor on the same machine:
  --monitor <url>        for example http://127.0.0.1:8000
  --monitor-token-file <file>  holds the bearer that the monitor expects (that of --token-file)
or two commands with JSON on stdout:
  --list <command>       prints what there is
  --reserve <command>    reserves runners for the job in RUNNER_QUEUE_UNIQUE_ID, and prints them
Options:
  --notes <file>         what must not be forgotten ($XDG_STATE_HOME/runner-queue/agent-<name>)
  --every <seconds>      how often the host is looked at (1)
  --wait <seconds>       how long the queue is to hold a fetch (25)
  --once                 one fetch, what it brings, and the end
  --help                 print this

Ends upon SIGTERM or Ctrl-C, when what it began is seen through. Exits with 0 then, with 1 where it cannot go on, with 2
where it was called wrongly, with 3 where another agent speaks for this host.`;

export type AgentHostCommand =
  | { readonly kind: "monitor"; readonly url: string; readonly token: string }
  | { readonly kind: "commands"; readonly list: string; readonly reserve: string };

export interface AgentCommand {
  /** Without a slash at its end. */
  readonly queue: string;
  readonly name: string;
  readonly token: string;
  readonly host: AgentHostCommand;
  readonly notes: string;
  readonly listEveryMs: number;
  readonly waitSeconds: number;
  readonly isOnce: boolean;
}

export type CommandLine =
  | { readonly kind: "run"; readonly command: AgentCommand }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly why: string };

export function parseCommandLine(args: string[], environment: Readonly<NodeJS.ProcessEnv>): CommandLine {
  try {
    const { values } = parseArgs({
      args,
      options: {
        queue: { type: "string" },
        name: { type: "string" },
        "token-file": { type: "string" },
        monitor: { type: "string" },
        "monitor-token-file": { type: "string" },
        list: { type: "string" },
        reserve: { type: "string" },
        notes: { type: "string" },
        every: { type: "string", default: "1" },
        wait: { type: "string", default: "25" },
        once: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    const name = required("--name", values.name);
    if (!/^(?!\.{1,2}$)[\w.-]{1,64}$/.test(name)) throw new Error("--name must be 1 to 64 of A-Z a-z 0-9 . _ -.");
    const queue = parseQueueUrl(required("--queue", values.queue), "--queue");
    const token = loadToken("--token-file", required("--token-file", values["token-file"]));
    const { monitor, list, reserve } = values;
    if ((monitor === undefined) === (list === undefined && reserve === undefined)) {
      throw new Error("Give the host: --monitor, or --list and --reserve.");
    }
    const monitorTokenFile = values["monitor-token-file"];
    const host: AgentHostCommand =
      monitor === undefined
        ? { kind: "commands", list: required("--list", list), reserve: required("--reserve", reserve) }
        : {
            kind: "monitor",
            url: parseQueueUrl(monitor, "--monitor"),
            token: monitorTokenFile === undefined ? token : loadToken("--monitor-token-file", monitorTokenFile),
          };
    const state = environment.XDG_STATE_HOME || join(homedir(), ".local/state");
    const command = {
      queue,
      name,
      token,
      host,
      notes: values.notes ?? join(state, "runner-queue", `agent-${name}`),
      listEveryMs: seconds("--every", values.every, 0.1, 60) * 1000,
      waitSeconds: Math.floor(seconds("--wait", values.wait, 0, 60)),
      isOnce: values.once,
    };
    return { kind: "run", command };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "wrong", why: message.split("\n")[0] ?? "" };
  }
}

function required(option: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new Error(`${option} is missing.`);
  return value;
}

function seconds(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value < min || value > max) {
    throw new Error(`${option} must be from ${min} to ${max} seconds.`);
  }
  return value;
}

function loadToken(option: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new Error(`The file of ${option} cannot be read.`);
  }
  const token = parseToken(text);
  if (token === null) throw new Error(`The file of ${option} is empty.`);
  return token;
}
