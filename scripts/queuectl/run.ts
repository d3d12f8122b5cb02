// One call of queuectl, from its arguments to its exit code: 0 where it is done, 1 where the queue
// said no or nothing at all, 2 where it was called wrongly.
import { Unexpected } from "../self-test/reply.ts";
import type { QueuectlCommand } from "./command.ts";
import { parseCommandLine } from "./command-line.ts";
import { writeJson } from "./json-text.ts";
import { makeLegible } from "./legible.ts";
import { runCommand } from "./run-command.ts";
import { renderUsage } from "./usage.ts";
import { watchStatus } from "./watch.ts";

/** Where its texts go, each with a line break after it. */
export interface Terminal {
  print(text: string): void;
  complain(text: string): void;
  /** Whether somebody looks at what is printed, and it may be cleared. */
  readonly isScreen: boolean;
}

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
    case "wrong":
      terminal.complain(`${commandLine.why} (--help says more.)`);
      return 2;
    case "run":
      return await runOrExplain(commandLine.command, terminal);
  }
}

async function runOrExplain(command: QueuectlCommand, { print, complain, isScreen }: Terminal): Promise<number> {
  try {
    if (command.name === "watch") return await watchStatus(command, print, isScreen);
    const { document, render } = await runCommand(command);
    print(command.json ? writeJson(document, command.token) : render().join("\n"));
    return 0;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    complain(makeLegible(error instanceof Unexpected ? why : `queuectl itself is broken: ${why}`, command.token));
    return 1;
  }
}
