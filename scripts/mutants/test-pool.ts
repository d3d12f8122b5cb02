// Gives tasks to processes and collects what came of them. A process that does not answer in time
// is ended, and so is one that has loaded many modules anew, for they are never freed. Each is the
// head of a group, so that servers that its tests started end with it.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Task, TaskEnd } from "./test-process.ts";

const tasksPerProcess = 300;
const module = fileURLToPath(new URL("test-process.ts", import.meta.url));

export interface Outcome {
  readonly task: Task;
  /** null: all tests passed */
  readonly failure: string | null;
  readonly isTimedOut: boolean;
}

/** @param root the project's folder */
export async function runTasks(
  root: string,
  tasks: readonly Task[],
  processes: number,
  timeoutMs: number,
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  const waiting = [...tasks];
  await Promise.all(
    Array.from({ length: Math.min(processes, tasks.length) }, async () => {
      while (waiting.length > 0) await runProcess(root, () => waiting.shift(), timeoutMs, onOutcome);
    }),
  );
}

/** One process's life. */
async function runProcess(
  root: string,
  nextTask: () => Task | undefined,
  timeoutMs: number,
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  const child = fork(module, {
    cwd: root,
    detached: true,
    serialization: "advanced",
    execArgv: ["--disable-warning=ExperimentalWarning", "--max-old-space-size=1500"],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const end = () => endGroup(child);
  process.once("exit", end);
  try {
    for (let done = 0; done < tasksPerProcess; done++) {
      const task = nextTask();
      if (task === undefined) return;
      const outcome = await runTask(child, task, timeoutMs);
      onOutcome(outcome);
      if (outcome.isTimedOut) return;
    }
  } finally {
    process.off("exit", end);
    end();
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
}

async function runTask(child: ChildProcess, task: Task, timeoutMs: number): Promise<Outcome> {
  return await new Promise((resolve) => {
    const end = (failure: string | null, isTimedOut: boolean) => {
      clearTimeout(timer);
      child.off("message", onMessage).off("error", onError).off("exit", onExit);
      resolve({ task, failure, isTimedOut });
    };
    const timer = setTimeout(() => end("the tests did not end", true), timeoutMs);
    const onMessage = (message: unknown) => end((message as TaskEnd).failure, false);
    const onError = (error: Error) => end(error.message, true);
    const onExit = () => end("the process ended, perhaps out of memory", true);
    child.on("message", onMessage).on("error", onError).on("exit", onExit);
    child.send(task);
  });
}
