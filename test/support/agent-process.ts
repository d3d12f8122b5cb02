// The real agent as a process of its own, whose log is read line by line: killed, paused and started
// again by tests. It is gone when the test is over.
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { createTestDirectory } from "./files.ts";
import { monitorToken } from "./service.ts";

/** The package's, where one was built for the tests. */
const { BUILT_PACKAGE } = process.env;
const program =
  BUILT_PACKAGE === undefined
    ? [fileURLToPath(new URL("../../scripts/agent.ts", import.meta.url))]
    : [join(BUILT_PACKAGE, "runner-queue.js"), "agent"];
/** For hangs only. */
const maxPatienceMs = 60_000;

export interface AgentProcess {
  readonly lines: readonly string[];
  /** Resolves when such a line came or has come; rejects when the agent ends without. */
  onLine(pattern: RegExp): Promise<string>;
  send(signal: NodeJS.Signals): void;
  /** Resolves when it is gone; what it started lives on. */
  kill9(): Promise<void>;
  /** The exit code; -1 where a signal ended it. */
  readonly ended: Promise<number>;
}

/** A folder with a token file, for the notes of one host's agents. */
export async function createAgentHome() {
  const folder = await createTestDirectory();
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, `${monitorToken}\n`);
  return {
    folder,
    start: (
      queue: string,
      name: string,
      host: readonly string[],
      env: Readonly<Record<string, string>> = {},
    ): AgentProcess => {
      const args = ["--queue", queue, "--name", name, "--token-file", tokenFile, "--notes", join(folder, "notes")];
      return startAgent([...args, "--every", "0.1", ...host], env);
    },
  };
}

function startAgent(args: readonly string[], env: Readonly<Record<string, string>>): AgentProcess {
  const child = spawn(process.execPath, [...program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH ?? "", ...compileCache(), ...env },
  });
  endWithUs(child);
  const ended = new Promise<number>((resolve) => {
    child.once("exit", (code) => resolve(code ?? -1));
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const { lines, onLine } = readLines(child, ended);
  return {
    lines,
    onLine,
    send: (signal) => void child.kill(signal),
    kill9: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    ended,
  };
}

function compileCache(): Record<string, string> {
  const { NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}

function readLines(child: ChildProcess, ended: Promise<number>) {
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      for (const listener of [...listeners]) listener();
    });
  }
  const onLine = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => fail(`within ${maxPatienceMs} ms`), maxPatienceMs);
      const settle = () => {
        clearTimeout(timer);
        listeners.delete(look);
      };
      const fail = (why: string) => {
        settle();
        reject(new Error(`no line like ${pattern} ${why}:\n${lines.join("\n")}`));
      };
      const look = () => {
        const found = lines.find((line) => pattern.test(line));
        if (found === undefined) return;
        settle();
        resolve(found);
      };
      listeners.add(look);
      void ended.then((code) => {
        look();
        if (listeners.has(look)) fail(`before it ended with ${code}`);
      });
      look();
    });
  return { lines, onLine };
}
