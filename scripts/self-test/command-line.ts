// Reads the command line of `npm run self-test`. Pure: what is wrong with it comes back as one
// sentence, which never repeats what was typed where that might be the token.
import { parseArgs } from "node:util";
import { parseDuration } from "../../src/duration.ts";
import { invocationOf, quietHint } from "../invocation.ts";
import { parseQueueUrl, requireToken } from "../queue-address.ts";
import { type CheckName, checkNames, rerunCheck, type SelfTestCommand } from "./command.ts";

export const usage = `Asks a live queue whether it keeps what it promises. One line per check; takes no runner unless told to.

${invocationOf("self-test")} --queue <url> --profile <key> [options]
  --queue <url>           where the queue is, for example https://ci0.example.org/queue
  --profile <key>         the kind of runner to ask for
  --token <text>          one of the queue's API_TOKENS. Better: the environment variable RUNNER_QUEUE_TOKEN, for
                          a token on the command line shows in the list of processes
  --take                  take runners for real: five in all, which no job will use. The monitors destroy them
                          after a minute. Without it nothing is sent that could reserve one
  --rerun                 also check that a re-run job gets a runner again (${rerunCheck}): two more
  --unique-id <text>      of the job of one-runner, where one at GitHub waits for that label already
  --repo <owner/repo>     sent as qualified_repo (runner-queue/self-test)
  --run-id <digits>       sent as run_id (1)
  --only <name>,<name>    only these checks: ${checkNames.map((name) => name.replaceAll(" ", "-")).join(", ")}
  --abandon-after <time>  the queue's ABANDON_AFTER (30s)
  --timeout <time>        the longest that a check may take (2m, or ABANDON_AFTER and a minute where that is longer)
  --json                  print one JSON object per check, and one at the end${quietHint}
  --help                  print this

Times take ms, s, m, h, d. Whatever it enqueued is given up at the end, also after Ctrl-C.
Exits with 0 where nothing failed, with 1 where a check failed, with 2 where it was called wrongly.`;

/**
 * How much later than ABANDON_AFTER a silent job may be found abandoned: the queue sweeps once a
 * second.
 */
export const abandonedAtMostLateMs = 5_000;

export type CommandLine =
  | { readonly kind: "run"; readonly command: SelfTestCommand }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly why: string };

export function parseCommandLine(args: string[], environment: Readonly<NodeJS.ProcessEnv>): CommandLine {
  try {
    const values = parseOptions(args);
    if (values.help) return { kind: "help" };
    const known: readonly CheckName[] = values.rerun ? [...checkNames, rerunCheck] : checkNames;
    const checks = values.only === undefined ? known : parseNames(values.only, known);
    const abandonAfterMs = parseTime("--abandon-after", values["abandon-after"]);
    const timeoutMs =
      values.timeout === undefined
        ? Math.max(120_000, abandonAfterMs + 60_000)
        : parseTime("--timeout", values.timeout);
    if (checks.includes("abandoned") && timeoutMs <= abandonAfterMs + abandonedAtMostLateMs) {
      throw new Error(
        `--timeout is too short for the check "abandoned", which may take ${(abandonAfterMs + abandonedAtMostLateMs) / 1000} s: raise it, or choose others with --only.`,
      );
    }
    const command = {
      queueUrl: parseQueueUrl(values.queue ?? "", "--queue"),
      profile: matching("--profile", values.profile, /^(?!\.{1,2}$)[\w.-]{1,64}$/, "1 to 64 of A-Z a-z 0-9 . _ -"),
      token: requireToken(values.token ?? environment.RUNNER_QUEUE_TOKEN),
      isTaking: values.take,
      repo: matching("--repo", values.repo, /^[\w.-]+\/[\w.-]+$/, "owner/repo"),
      runId: matching("--run-id", values["run-id"], /^\d{1,20}$/, "1 to 20 digits"),
      uniqueId:
        values["unique-id"] === undefined
          ? null
          : matching(
              "--unique-id",
              values["unique-id"],
              /^(?!\.{1,2}$)[\w.-]{1,128}$/,
              "1 to 128 of A-Z a-z 0-9 . _ -",
            ),
      checks,
      abandonAfterMs,
      timeoutMs,
      json: values.json,
    };
    return { kind: "run", command };
  } catch (error) {
    return { kind: "wrong", why: describeError(error) };
  }
}

function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      queue: { type: "string" },
      profile: { type: "string" },
      token: { type: "string" },
      take: { type: "boolean", default: false },
      rerun: { type: "boolean", default: false },
      "unique-id": { type: "string" },
      repo: { type: "string", default: "runner-queue/self-test" },
      "run-id": { type: "string", default: "1" },
      only: { type: "string" },
      "abandon-after": { type: "string", default: "30s" },
      timeout: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return values;
}

/**
 * What parseArgs throws begins with a sentence, but quotes a stray argument, and that may be the
 * token.
 */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") return "There is an argument that belongs to no option.";
  return error.message.split("\n")[0] ?? "";
}

function parseNames(text: string, names: readonly CheckName[]): CheckName[] {
  const spelled = (name: string) => name.replaceAll("-", " ");
  const wanted = text.split(",").map((name) => spelled(name.trim()));
  const isKnown = wanted.every((name) => names.some((known) => spelled(known) === name));
  if (!isKnown) throw new Error(`--only must list some of ${names.join(", ")}.`);
  return names.filter((name) => wanted.includes(spelled(name)));
}

function parseTime(option: string, text: string): number {
  const ms = parseDuration(text) ?? 0;
  // Timers of Node reach no further than 24.8 days.
  if (ms === 0 || ms > 86_400_000) throw new Error(`${option} must be a time up to 24h, such as 30s.`);
  return ms;
}

function matching(option: string, text: string | undefined, pattern: RegExp, expected: string): string {
  if (text === undefined || !pattern.test(text)) throw new Error(`${option} must be ${expected}.`);
  return text;
}
