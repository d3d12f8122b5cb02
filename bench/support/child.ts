// Our own scripts as child processes with a channel to talk over; ended by their id, and never left
// behind.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endWithUs } from "../../scripts/end-with-us.ts";

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** The first line that it prints. */
  readonly firstLine: string;
  tell(message: object): void;
}

/** @param script relative to this folder; resolves when it printed a line */
export async function startChild(script: string, args: readonly string[] = []): Promise<Child> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child: ChildProcess = fork(path, args, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  endWithUs(child);
  const firstLine = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`${script} ended`)));
    child.stdout?.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
  });
  return {
    pid: child.pid ?? -1,
    firstLine,
    tell: (message) => void child.send(message),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}
