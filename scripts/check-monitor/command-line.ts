// Reads the command line of `npm run check-monitor`. Pure, but for the file that holds the token:
// what is wrong comes back as one sentence, which never repeats the token.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { invocationOf, quietHint } from "../invocation.ts";
import { parseQueueUrl, parseToken } from "../queue-address.ts";

export const usage = `Asks a monitor what the queue asks of it, and says in words what it does not keep (docs/monitors.md).

${invocationOf("check-monitor")} <url> [options]
  --token-file <file>  holds the bearer that the monitor expects. Or set MONITOR_API_TOKEN
  --profile <key>      the kind of runner to look at (the first that the dashboard shows)
  --take               reserve runners for real: up to three, which no job will use. The monitor destroys them after
                       a minute. Without it nothing is sent that could reserve one
  --json               print one JSON object per check, and one at the end${quietHint}
  --help               print this

Exits with 0 where nothing failed, with 1 where a check failed, with 2 where it was called wrongly.`;

export interface CheckMonitorCommand {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** Null: the first that there is. */
  readonly profile: string | null;
  readonly isTaking: boolean;
  readonly json: boolean;
}

export type CommandLine =
  | { readonly kind: "run"; readonly command: CheckMonitorCommand }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly why: string };

export function parseCommandLine(args: string[], environment: Readonly<NodeJS.ProcessEnv>): CommandLine {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        "token-file": { type: "string" },
        profile: { type: "string" },
        take: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    if (positionals.length !== 1) throw new Error("Give one URL: the monitor's.");
    const { profile = null } = values;
    if (profile !== null && !/^(?!\.{1,2}$)[\w.-]{1,64}$/.test(profile)) {
      throw new Error("--profile must be 1 to 64 of A-Z a-z 0-9 . _ -.");
    }
    const command = {
      url: parseQueueUrl(positionals[0] ?? "", "The monitor's URL"),
      token: loadToken(values["token-file"], environment.MONITOR_API_TOKEN),
      profile,
      isTaking: values.take,
      json: values.json,
    };
    return { kind: "run", command };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "wrong", why: message.split("\n")[0] ?? "" };
  }
}

function loadToken(file: string | undefined, fromEnvironment: string | undefined): string {
  const token = parseToken(file === undefined ? fromEnvironment : readTokenFile(file));
  if (token === null) throw new Error("The token is missing: set MONITOR_API_TOKEN, or pass --token-file.");
  return token;
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Error("The file of --token-file cannot be read.");
  }
}
