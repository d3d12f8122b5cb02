// One self-test, from its command to its exit code. Checks run side by side, for one of them waits
// for ABANDON_AFTER, and are printed in a fixed order. Without --take no runner is reserved, and no
// place in line is left behind.
import type { SelfTestCommand } from "./command.ts";
import { createReport } from "./report.ts";
import { type CheckEnd, runCheck } from "./run-check.ts";

/**
 * Returns the exit code. Never rejects.
 * @param stopping places are given up, and all is over, as soon as it aborts
 */
export async function runSelfTest(
  command: SelfTestCommand,
  stopping: AbortSignal,
  print: (line: string) => void,
): Promise<number> {
  const begunAt = performance.now();
  const report = createReport(command.json, command.token, print);
  const running = command.checks.map((check) => runCheck(check, command, stopping, report.learned));
  const ends: CheckEnd[] = [];
  for (const check of running) {
    const end = await check;
    ends.push(end);
    report.check(end);
  }
  report.sum(ends, Math.round(performance.now() - begunAt));
  return ends.some(({ outcome }) => outcome === "failed") ? 1 : 0;
}
