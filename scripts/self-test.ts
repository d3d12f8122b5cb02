// `npm run self-test`: an operator asks a live queue whether it keeps what it promises.
import { parseCommandLine, usage } from "./self-test/command-line.ts";
import { runSelfTest } from "./self-test/run.ts";

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
    process.exitCode = await runSelfTest(commandLine.command, stopWhenTold(), (line) => console.log(line));
    break;
}

/**
 * Aborts upon Ctrl-C, a polite kill, a closed terminal or pipe: places are given up then. A second
 * Ctrl-C ends at once.
 */
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
