// One call of queuectl, from its arguments to its exit code: 0 where it is done, 1 where the queue
// said no or nothing at all, 2 where it was called wrongly.
import packageJson from "../../package.json" with { type: "json" };
import { Unexpected } from "../self-test/reply.ts";
import type { QueuectlCommand } from "./command-line/command.ts";
import { parseCommandLine } from "./command-line/command-line.ts";
import { renderCompletion } from "./command-line/completion.ts";
import { renderUsage } from "./command-line/usage.ts";
import { writeJson } from "./paper/json-text.ts";
import { makeLegible } from "./paper/legible.ts";
import type { Paper } from "./paper/paper.ts";
import { runCommand } from "./run-command.ts";
import type { Terminal } from "./terminal.ts";
import { watchStatus } from "./watch.ts";

/** Returns the exit code. Never rejects. */
export async function runQueuectl(
  args: string[],
  environment: Readonly<NodeJS.ProcessEnv>,
  terminal: Terminal,
): Promise<number> {
  const commandLine = parseCommandLine(args, environment);
  switch (commandLine.kind) {
    case "help":
      terminal.print(renderUsage(commandLine.of));
      return 0;
    case "version":
      terminal.print(packageJson.version);
      return 0;
    case "completion":
      terminal.print(renderCompletion(commandLine.shell));
      return 0;
    case "wrong":
      terminal.complain(`${commandLine.why} (--help says more.)`);
      return 2;
    case "run":
      return await runOrExplain(commandLine.command, environment, terminal);
  }
}

async function runOrExplain(
  command: QueuectlCommand,
  environment: Readonly<NodeJS.ProcessEnv>,
  terminal: Terminal,
): Promise<number> {
  const { print, complain, screen } = terminal;
  // https://no-color.org: set to anything but nothing
  const isColoured = screen !== null && (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb";
  const paper = (): Paper => ({ token: command.token, widthCharacters: screen?.widthCharacters() ?? null, isColoured });
  try {
    if (command.name === "watch") return await watchStatus(command, terminal, paper);
    const { document, render } = await runCommand(command);
    print(command.json ? writeJson(document, command.token) : render(paper()).join("\n"));
    return 0;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    complain(makeLegible(error instanceof Unexpected ? why : `queuectl itself is broken: ${why}`, command.token));
    return 1;
  }
}
