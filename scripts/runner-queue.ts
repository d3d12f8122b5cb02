// `runner-queue <command>`: the package's one program. Each command is a program of its own, which
// is loaded when it is asked for.
import packageJson from "../package.json" with { type: "json" };
import { renderServeUsage } from "./package/serve-usage.ts";

interface Command {
  readonly summary: string;
  readonly run: () => Promise<unknown>;
}

const commands: Readonly<Record<string, Command>> = {
  serve: { summary: "the queue; its settings come from the environment", run: () => import("../src/main.ts") },
  demo: { summary: "the queue with simulated hosts and workflow steps, to watch", run: () => import("./demo.ts") },
  fleet: { summary: "simulated hosts, to try a queue against", run: () => import("./fleet.ts") },
  "self-test": { summary: "whether a live queue keeps what it promises", run: () => import("./self-test.ts") },
  "check-monitor": { summary: "whether a monitor keeps what the queue needs", run: () => import("./check-monitor.ts") },
  agent: { summary: "speaks for a host that cannot be called: it fetches its takes", run: () => import("./agent.ts") },
  ctl: { summary: "the operator's hand; queuectl for short", run: () => import("./queuectl.ts") },
};

const usage = `One fair line in front of all self-hosted CI runners.

runner-queue <command> [options]
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(13)} ${summary}`)
  .join("\n")}

  --help     print this; after a command, what it knows
  --version  print the version`;

const [name = "--help", ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) {
  process.exitCode = sayOfItself(name);
} else if (name === "serve" && args.length > 0) {
  const isHelp = args[0] === "--help";
  if (isHelp) console.log(renderServeUsage());
  else console.error("serve takes no arguments: its settings come from the environment. (--help lists them.)");
  process.exitCode = isHelp ? 0 : 2;
} else {
  process.argv.splice(2, 1);
  await command.run();
}

/** Returns the exit code. */
function sayOfItself(asked: string): number {
  if (asked === "--help" || asked === "-h" || asked === "help") {
    console.log(usage);
    return 0;
  }
  if (asked === "--version" || asked === "-v") {
    console.log(packageJson.version);
    return 0;
  }
  console.error(`There is no such command. (--help lists them: ${Object.keys(commands).join(", ")}.)`);
  return 2;
}
