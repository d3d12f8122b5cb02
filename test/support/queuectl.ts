// Runs queuectl as an operator does: as a process where that matters, else as a call in this one,
// which costs no start.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { runQueuectl } from "../../scripts/queuectl/run.ts";
import { apiToken } from "./service.ts";

const script = fileURLToPath(new URL("../../scripts/queuectl.ts", import.meta.url));

export interface QueuectlEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface QueuectlRun {
  readonly ended: Promise<QueuectlEnd>;
  /** Resolves when all of stdout so far matches; rejects when it ends without. */
  onOutput(pattern: RegExp): Promise<void>;
  send(signal: NodeJS.Signals): void;
  /** As when whoever reads has seen enough. */
  stopReading(): void;
}

/** Without RUNNER_QUEUE_TOKEN and RUNNER_QUEUE_URL, unless `env` names them. */
export function startQueuectl(args: readonly string[], env: NodeJS.ProcessEnv = {}): QueuectlRun {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: withoutOurs(env),
  });
  endWithUs(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const watch of [...watchers]) watch();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<QueuectlEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return {
    ended,
    onOutput: (pattern) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          if (!pattern.test(stdout)) return;
          watchers.delete(watch);
          resolve();
        };
        watchers.add(watch);
        watch();
        ended.then(() => reject(new Error(`it ended without ${pattern}: ${stdout}${stderr}`)), reject);
      }),
    send: (signal) => void child.kill(signal),
    stopReading: () => void child.stdout.destroy(),
  };
}

/**
 * One command to its end. Without RUNNER_QUEUE_TOKEN and RUNNER_QUEUE_URL, unless `env` names them.
 */
export async function callQueuectl(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<QueuectlEnd> {
  const texts = { stdout: "", stderr: "" };
  const exitCode = await runQueuectl([...args], withoutOurs(env), {
    print: (text) => {
      texts.stdout += `${text}\n`;
    },
    complain: (text) => {
      texts.stderr += `${text}\n`;
    },
    screen: null,
  });
  return { exitCode, ...texts };
}

/** One command to its end, by the operator of the tests. */
export async function queuectl(url: string, ...args: string[]): Promise<QueuectlEnd> {
  return await callQueuectl(args, { RUNNER_QUEUE_TOKEN: apiToken, RUNNER_QUEUE_URL: url });
}

function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { RUNNER_QUEUE_TOKEN: _, RUNNER_QUEUE_URL: __, ...inherited } = process.env;
  return { ...inherited, ...env };
}

/** What a command prints that must go well, line by line. */
export async function linesOf(url: string, ...args: string[]): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await queuectl(url, ...args);
  expect({ exitCode, stderr }, args.join(" ")).toEqual({ exitCode: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
}

/** The one JSON value that a command prints that must go well. */
export async function documentOf<T>(url: string, ...args: string[]): Promise<T> {
  return JSON.parse((await linesOf(url, ...args, "--json")).join("\n")) as T;
}

/** The one sentence of a command that must fail, without anything on stdout. */
export async function refusalOf(url: string, ...args: string[]): Promise<string> {
  return sentenceOf(await queuectl(url, ...args), 1);
}

export function sentenceOf({ exitCode, stdout, stderr }: QueuectlEnd, expected: number): string {
  expect({ exitCode, stdout }, stderr).toEqual({ exitCode: expected, stdout: "" });
  // One line, and no stack.
  expect(stderr.split("\n")).toEqual([expect.stringMatching(/^\S.* \S+$/), ""]);
  return stderr.trimEnd();
}

/**
 * An operator's act without the command line, to set a stage: outside of tests no process may be
 * started.
 */
export async function act(url: string, path: string): Promise<void> {
  const response = await fetch(url + path, { method: "POST", headers: { authorization: `Bearer ${apiToken}` } });
  expect(response.status, await response.text()).toBe(200);
}
