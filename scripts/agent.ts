// `runner-queue agent`: the other end of a monitor that fetches its takes (docs/agent.md).
import { createAgent } from "../src/agent/agent.ts";
import { createCommandHost } from "../src/agent/command-host.ts";
import type { AgentHost } from "../src/agent/host.ts";
import { createLastChild } from "../src/agent/last-child.ts";
import { createMonitorHost } from "../src/agent/monitor-host.ts";
import { systemClock } from "../src/clock.ts";
import { type AgentCommand, parseCommandLine, usage } from "./agent/command-line.ts";

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
    process.exitCode = await runAgent(commandLine.command);
    break;
}

/** Returns the exit code. */
async function runAgent(command: AgentCommand): Promise<number> {
  const stop = stopWhenTold();
  const agent = createAgent({ ...command, host: createHost(command), say });
  const end = await agent.run(stop, command.isOnce);
  switch (end.kind) {
    case "stopped":
      say("ended");
      return 0;
    case "superseded":
      say(`ended: ${end.why}`);
      return 3;
    case "failed":
      say(`ended: ${end.why}`);
      return 1;
  }
}

function createHost({ host, notes }: AgentCommand): AgentHost {
  if (host.kind === "monitor") return createMonitorHost({ ...host, say, clock: systemClock });
  const lastChild = createLastChild(`${notes}.reserving`);
  return createCommandHost({ ...host, lastChild, say, clock: systemClock });
}

/** journald writes the time itself. */
function say(words: string): void {
  console.log(process.env.JOURNAL_STREAM === undefined ? `${new Date().toISOString()}  ${words}` : words);
}

/** A second signal ends at once: what is open stays in the notes. */
function stopWhenTold(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}
