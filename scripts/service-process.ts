// The real service as a child process, for the demo and the tests: starts `node src/main.ts`, reads
// its log and finds the port that it listens on. It gets exactly the settings it is given, none of
// ours; only where Node keeps compiled code is no setting.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endWithUs } from "./end-with-us.ts";
import { isSource } from "./invocation.ts";

/** In the package everything lies side by side. */
const entry = fileURLToPath(new URL(isSource ? "../src/main.ts" : "serve.js", import.meta.url));

/** For hangs only: a busy machine may take many seconds to start a process. */
const maxPatienceMs = 60_000;

/** A line of the log. Every other line of stdout ends up in strayLines. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface ServiceProcess {
  readonly pid: number;
  readonly logLines: readonly LogLine[];
  /** Lines of stdout that are no JSON object; there should never be one. */
  readonly strayLines: readonly string[];
  stderr(): string;
  /**
   * Resolves when such a line came or has come; rejects when the service ends without, or after
   * `withinMs`.
   */
  onLog(predicate: (line: LogLine) => boolean, withinMs?: number): Promise<LogLine>;
  send(signal: NodeJS.Signals): void;
  isRunning(): boolean;
  /** The exit code once all output was read; -1 where a signal ended it. */
  readonly ended: Promise<number>;
}

/**
 * Does not wait for anything: a service that is set up wrongly ends by itself. `args` go to the
 * service.
 * @param program another version's main.ts; absent: this one's
 */
export function spawnService(
  settings: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  program = entry,
): ServiceProcess {
  if (isSource && !process.features.typescript)
    throw new Error(`Node ${process.version} cannot run TypeScript: use Node 24`);
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C is for whoever started us: a second signal would cut the service's own shutdown short.
    detached: true,
    env: { PATH: process.env.PATH ?? "", ...compileCache(), HOST: "127.0.0.1", PORT: "0", ...settings },
  });
  endWithUs(child);
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve(code ?? -1);
    });
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const { logLines, strayLines, onLine } = readLog(child);

  return {
    pid: child.pid ?? -1,
    logLines,
    strayLines,
    stderr: () => stderr,
    onLog(predicate, withinMs = maxPatienceMs) {
      const known = logLines.find(predicate);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => fail(`no such log line within ${withinMs} ms`), withinMs);
        const unsubscribe = onLine((line) => {
          if (!predicate(line)) return;
          settle();
          resolve(line);
        });
        ended.then((code) => fail(`the service ended with ${code}: ${stderr}`), reject);
        function settle(): void {
          clearTimeout(timer);
          unsubscribe();
        }
        function fail(why: string): void {
          settle();
          reject(new Error(why));
        }
      });
    },
    send: (signal) => void child.kill(signal),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    ended,
  };
}

function compileCache(): Record<string, string> {
  const { NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}

/**
 * The URL of a service that answers 200 to /readyz. Rejects where it ends before, or is not ready
 * after `withinMs`.
 */
export async function waitUntilReady(service: ServiceProcess, withinMs = maxPatienceMs): Promise<string> {
  const giveUpAt = performance.now() + withinMs;
  const { port } = await service.onLog(({ msg }) => msg === "listening", withinMs);
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const status = await loadReadiness(url);
    if (status === 200) return url;
    if (!service.isRunning()) throw new Error(`the service ended before it was ready: ${service.stderr()}`);
    if (performance.now() > giveUpAt) throw new Error(`the service is not ready after ${withinMs} ms: ${status}`);
    // "ready" is said to whoever asks, and is no line of the log
    await delay(20);
  }
}

async function loadReadiness(url: string): Promise<number | null> {
  try {
    const response = await fetch(`${url}/readyz`);
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}

/** A service that logs without end is ended before it has taken the machine's memory. */
const maxLines = 200_000;

function readLog(child: ChildProcess) {
  const logLines: LogLine[] = [];
  const strayLines: string[] = [];
  const listeners = new Set<(line: LogLine) => void>();
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = parseLine(text);
      if (logLines.length + strayLines.length >= maxLines) {
        child.kill("SIGKILL");
        return;
      }
      if (line === null) {
        strayLines.push(text);
        return;
      }
      logLines.push(line);
      for (const listener of [...listeners]) listener(line);
    });
  }
  const onLine = (listener: (line: LogLine) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return { logLines, strayLines, onLine };
}

function parseLine(text: string): LogLine | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as LogLine) : null;
  } catch {
    return null;
  }
}
