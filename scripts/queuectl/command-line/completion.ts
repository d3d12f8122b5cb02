// What makes a shell complete queuectl's commands and options: made of the manual, so that it
// cannot forget one. It asks no queue.
import { type Command, commonHelp, manual, optionHelp } from "./manual.ts";

const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** @param text of the shell's shape already */
export function parseShell(text: string): Shell {
  return shells.find((shell) => shell === text) ?? "bash";
}

const commands = Object.entries<Command>(manual);
const common = Object.keys(commonHelp).map((name) => `--${name}`);
const states = ["queued", "claimed", "taken", "failed", "abandoned", "cancelled"];

export function renderCompletion(shell: Shell): string {
  switch (shell) {
    case "bash":
      return renderBash();
    case "zsh":
      return renderZsh();
    case "fish":
      return renderFish();
  }
}

function optionsOf({ options }: Command): readonly string[] {
  return [...options.map((name) => `--${name}`), ...common.filter((name) => name !== "--version")];
}

/** The words that fit, by the command that was typed; for shells whose \`case\` is that of sh. */
function renderCases(): string {
  const cases = commands.map(([name, command]) => `    ${name}) words="${optionsOf(command).join(" ")}" ;;`);
  return cases.join("\n");
}

function renderBash(): string {
  return `# source <(queuectl completion bash)
_queuectl() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} name=\${COMP_WORDS[1]} words=
  case $previous in
    --state) words="${states.join(" ")}" ;;
    completion) words="${shells.join(" ")}" ;;
    --*) [[ $previous == --json || $previous == --all ]] || return 0 ;;
  esac
  if [[ -z $words ]]; then
    if ((COMP_CWORD == 1)); then
      words="${[...commands.map(([name]) => name), ...common].join(" ")}"
    else
      case $name in
${renderCases()}
      esac
    fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _queuectl queuectl`;
}

function renderZsh(): string {
  return `#compdef queuectl
# source <(queuectl completion zsh)
_queuectl() {
  local previous=\${words[CURRENT-1]} name=\${words[2]}
  case $previous in
    --state) compadd -- ${states.join(" ")}; return ;;
    completion) compadd -- ${shells.join(" ")}; return ;;
    --json|--all) ;;
    --*) return ;;
  esac
  if ((CURRENT == 2)); then
    compadd -- ${[...commands.map(([name]) => name), ...common].join(" ")}
    return
  fi
  case $name in
${commands.map(([name, command]) => `    ${name}) compadd -- ${optionsOf(command).join(" ")} ;;`).join("\n")}
  esac
}
if (( $+functions[compdef] )); then compdef _queuectl queuectl; fi`;
}

function renderFish(): string {
  const isFirst = `-n __fish_use_subcommand`;
  const valued = new Set(["all", "json", "help", "version"]);
  const line = (condition: string, name: string, text: string) =>
    `complete -c queuectl -f ${condition} -l ${name}${valued.has(name) ? "" : " -x"} -d ${quote(text)}`;
  return [
    "# queuectl completion fish | source",
    "complete -c queuectl -f",
    ...commands.map(([name, { summary }]) => `complete -c queuectl ${isFirst} -a ${name} -d ${quote(summary)}`),
    ...Object.entries(commonHelp).map(([name, [, text]]) => line(name === "version" ? isFirst : "", name, text)),
    ...commands.flatMap(([name, { options }]) =>
      options.map((option) => line(`-n '__fish_seen_subcommand_from ${name}'`, option, optionHelp[option][1])),
    ),
    `complete -c queuectl -n '__fish_seen_subcommand_from jobs' -l state -x -a '${states.join(" ")}'`,
    `complete -c queuectl -n '__fish_seen_subcommand_from completion' -a '${shells.join(" ")}'`,
  ].join("\n");
}

/** For fish, which knows but the quote and the backslash between quotes. */
function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
