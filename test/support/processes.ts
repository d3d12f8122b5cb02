// Which processes a process started, and which of them are still there: to prove that nothing is
// left behind.
import { execFileSync } from "node:child_process";

export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  /** Tells a process from a later one that was given its pid; a zombie's differs too. */
  readonly command: string;
}

/** All that run now. */
export function loadProcesses(): SeenProcess[] {
  const table = execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  return table.split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** Those of `seen` that run still. */
export function loadSurvivors(seen: readonly SeenProcess[]): SeenProcess[] {
  const now = loadProcesses();
  return seen.filter((one) => now.some(({ pid, command }) => pid === one.pid && command === one.command));
}
