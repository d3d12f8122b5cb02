// `npm run queuectl`: the operator's hand. Looks at a live queue, drains and pauses, cancels, and tells what happened. Exits with 0 where it is
// done, with 1 where the queue said no or nothing at all, with 2 where it was called wrongly.
import type { QueuectlCommand } from "./queuectl/command.ts";
import { type CommandLine, parseCommandLine } from "./queuectl/command-line.ts";
import { writeJson } from "./queuectl/json-text.ts";
import { makeLegible } from "./queuectl/legible.ts";
import { runCommand } from "./queuectl/run-command.ts";
import { renderUsage } from "./queuectl/usage.ts";
import { watchStatus } from "./queuectl/watch.ts";
import { Unexpected } from "./self-test/reply.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever reads us has seen enough, as in `| head -1`.
  if (error.code === "EPIPE") process.exit(0);
  console.error(`Cannot print: ${error.message}.`);
  process.exit(1);
});
process.exitCode = await run(parseCommandLine(process.argv.slice(2), process.env));

/** Returns the exit code. */
async function run(commandLine: CommandLine): Promise<number> {
  switch (commandLine.kind) {
    case "help":
      console.log(renderUsage(commandLine.of));
      return 0;
    case "wrong":
      console.error(`${commandLine.why} (--help says more.)`);
      return 2;
    case "run":
      return await runOrExplain(commandLine.command);
  }
}

async function runOrExplain(command: QueuectlCommand): Promise<number> {
  try {
    if (command.name === "watch") {
      return await watchStatus(command, (text) => console.log(text), process.stdout.isTTY);
    }
    const { document, render } = await runCommand(command);
    console.log(command.json ? writeJson(document, command.token) : render().join("\n"));
    return 0;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.error(makeLegible(error instanceof Unexpected ? why : `queuectl itself is broken: ${why}`, command.token));
    return 1;
  }
}
