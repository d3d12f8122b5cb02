// `npm run self-test`: an operator asks a live queue whether it keeps what it promises. Checks run side by side, for one of them waits
// for ABANDON_AFTER, and are printed in a fixed order. Without --take no runner is reserved, and no place in line is left behind.
import type { SelfTestCommand } from "./self-test/command.ts";
import { parseCommandLine, usage } from "./self-test/command-line.ts";
import { createReport } from "./self-test/report.ts";
import { type CheckEnd, runCheck } from "./self-test/run-check.ts";

const commandLine = parseCommandLine(process.argv.slice(2), process.env);
switch (commandLine.kind) {
  case "help":
    console.log(usage);
    break;
  case "wrong":
    console.error(`${commandLine.why} (--help says more.)`);
    process.exitCode = 2;
    break;
  case "run":
    process.exitCode = await runSelfTest(commandLine.command);
    break;
}

/** Returns the exit code. */
async function runSelfTest(command: SelfTestCommand): Promise<number> {
  const begunAt = performance.now();
  const stopping = stopWhenTold();
  const report = createReport(command.json, command.token, (line) => console.log(line));
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

/** Aborts upon Ctrl-C, a polite kill, a closed terminal or pipe: places are given up then. A second Ctrl-C ends at once. */
function stopWhenTold(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  process.stdout.on("error", () => controller.abort());
  return controller.signal;
}
