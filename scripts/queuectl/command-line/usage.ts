// What queuectl says about itself: the whole, or one command.
import { invocationOf } from "../../invocation.ts";
import { type Command, type CommandName, commonHelp, manual, optionHelp } from "./manual.ts";

/** @param of a command, or null for the whole */
export function renderUsage(of: CommandName | null): string {
  return (of === null ? renderWhole() : renderCommand(of)).join("\n");
}

function renderWhole(): string[] {
  const commands = Object.entries<Command>(manual).map(
    ([name, command]) => [synopsisOf(name, command), command.summary] as const,
  );
  return [
    "The operator's hand on a live queue.",
    "",
    `${invocationOf("queuectl")} <command> [options]`,
    ...commands.map(renderOption),
    "",
    "Every command knows these, and --help for its own:",
    ...renderCommon(true),
    "",
    "Exits with 0 where it is done, with 1 where the queue said no or did not answer, with 2 where it was called wrongly.",
  ];
}

function renderCommand(name: CommandName): string[] {
  const command: Command = manual[name];
  const { options, needsToken, summary, more } = command;
  return [
    `${name}: ${summary}.`,
    more,
    "",
    `${invocationOf("queuectl")} ${synopsisOf(name, command)} [options]`,
    ...options.map((option) => renderOption(optionHelp[option])),
    ...renderCommon(false),
    "",
    needsToken ? "It needs an operator's token." : "A token is needed only where DASHBOARD_TOKEN closes the dashboard.",
  ];
}

function renderCommon(isWhole: boolean): string[] {
  const { queue, token, json, help, version } = commonHelp;
  return [
    renderOption(queue),
    renderOption(token),
    renderOption(["", "token on the command line shows in the list of processes"]),
    renderOption(json),
    renderOption(help),
    ...(isWhole ? [renderOption(version)] : []),
  ];
}

function renderOption([left, right]: readonly [string, string]): string {
  return `  ${left.padEnd(30)} ${right}`;
}

function synopsisOf(name: string, { argument, needs }: Command): string {
  return [name, argument, needs].filter((part) => part !== null).join(" ");
}
