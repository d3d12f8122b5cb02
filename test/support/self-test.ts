// Runs the self-test as an operator does - as a process where that matters -, and what it left
// behind at the queue.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { parseCommandLine } from "../../scripts/self-test/command-line.ts";
import { runSelfTest } from "../../scripts/self-test/run.ts";
import type { CheckEnd } from "../../scripts/self-test/run-check.ts";
import type { PassingReply, PassingRequest } from "./meddler.ts";
import { apiToken } from "./service.ts";

const script = fileURLToPath(new URL("../../scripts/self-test.ts", import.meta.url));

export interface SelfTestEnd {
  readonly exitCode: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

export interface SelfTestRun {
  readonly firstLine: Promise<string>;
  readonly ended: Promise<SelfTestEnd>;
  send(signal: NodeJS.Signals): void;
}

/** Without RUNNER_QUEUE_TOKEN, unless `env` names it. */
export function startSelfTest(args: readonly string[], env: NodeJS.ProcessEnv = {}): SelfTestRun {
  const { RUNNER_QUEUE_TOKEN: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...inherited, ...env },
  });
  endWithUs(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  let stderr = "";
  const reader = createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const firstLine = new Promise<string>((resolve) => reader.once("line", resolve));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<SelfTestEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, lines, stderr }));
  });
  return { firstLine, ended, send: (signal) => void child.kill(signal) };
}

export interface Checked {
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly checks: readonly CheckEnd[];
  readonly sum: { readonly ok: number; readonly failed: number; readonly skipped: number };
}

/**
 * ABANDON_AFTER of the queues that are tested: whoever polls once a second may come four seconds
 * late on a slow machine, and one check waits no longer than it must.
 */
export const abandonAfter = "5s";

/** The checks of a queue that abandons after that. */
export function startChecks(url: string, args: readonly string[] = [], profile = "linux"): SelfTestRun {
  return startSelfTest(checkArgs(url, args, profile), { RUNNER_QUEUE_TOKEN: apiToken });
}

/** The same in this process, which costs no start. */
export async function check(url: string, args: readonly string[] = [], profile = "linux"): Promise<Checked> {
  const commandLine = parseCommandLine(checkArgs(url, args, profile), { RUNNER_QUEUE_TOKEN: apiToken });
  if (commandLine.kind !== "run") throw new Error(`no command to run: ${JSON.stringify(commandLine)}`);
  const lines: string[] = [];
  const exitCode = await runSelfTest(commandLine.command, new AbortController().signal, (line) => lines.push(line));
  return parseChecked({ exitCode, lines, stderr: "" });
}

function checkArgs(url: string, args: readonly string[], profile: string): string[] {
  return ["--queue", url, "--profile", profile, "--abandon-after", abandonAfter, "--json", ...args];
}

/** Every line of stdout must be one JSON object. */
export function parseChecked({ exitCode, lines, stderr }: SelfTestEnd): Checked {
  const objects = lines.map((line) => JSON.parse(line) as { event: string });
  const checks = objects.filter(({ event }) => event === "check") as unknown as CheckEnd[];
  return { exitCode, stderr, checks, sum: objects.at(-1) as unknown as Checked["sum"] };
}

/**
 * Every check that did not end as `wanted`, in its own words: so a failed assertion says what was
 * seen.
 */
export function othersThan(wanted: CheckEnd["outcome"], { checks }: Pick<Checked, "checks">): string[] {
  const others = checks.filter(({ outcome }) => outcome !== wanted);
  return others.map(({ check: name, outcome, seen }) => `${name}: ${outcome}: ${seen}`);
}

/** The tickets that the queue gave out. */
export function ticketsOf(passed: readonly (PassingRequest & PassingReply)[]): string[] {
  return passed.filter(({ path, status }) => path.includes("/enqueue") && status === 200).map(({ body }) => body);
}

/** How every job that the queue accepted stands now, in the order of enqueue; an operator asks. */
export async function loadStates(
  url: string,
  passed: readonly (PassingRequest & PassingReply)[],
): Promise<readonly string[]> {
  const accepted = passed.filter(({ path, status }) => path.includes("/enqueue") && status === 200);
  const ids = new Set(accepted.map(({ path }) => /unique_id=([^&]+)/.exec(path)?.[1] ?? ""));
  return await Promise.all(
    [...ids].map(async (id) => {
      const response = await fetch(`${url}/jobs/${id}`, { headers: { authorization: `Bearer ${apiToken}` } });
      return ((await response.json()) as { state?: string; code?: string }).state ?? "none";
    }),
  );
}
