// What `queuectl completion` prints, in the real shells: each completes commands, options of the
// command at hand, and values. A shell that is not here is skipped.
import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { callQueuectl } from "./support/queuectl.ts";

type Shell = "bash" | "zsh" | "fish";

/** Runs a shell without its owner's settings. */
const callOf: Readonly<Record<Shell, readonly string[]>> = {
  bash: ["--norc", "--noprofile", "-c"],
  zsh: ["-f", "-c"],
  fish: ["--no-config", "-c"],
};

/** What asks each shell for its words: bash and zsh by their own variables, fish by its own command. */
const askOf: Readonly<Record<Shell, (words: readonly string[]) => string>> = {
  bash: (words) =>
    `COMP_WORDS=(${words.map(quote).join(" ")}); COMP_CWORD=${words.length - 1}; _queuectl; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (words) =>
    `compadd() { shift; print -l -- \${(M)@:#$words[CURRENT]*} }; words=(${words.map(quote).join(" ")}); CURRENT=${words.length}; _queuectl`,
  fish: (words) => `complete -C ${quote(words.join(" "))}`,
};

describe.each(["bash", "zsh", "fish"] as const)("in %s", (shell) => {
  const isHere = spawnSync(shell, ["--version"]).status === 0;

  test.skipIf(!isHere)("commands, their options and the values of one are completed", async () => {
    const { stdout, exitCode } = await callQueuectl(["completion", shell]);
    expect(exitCode).toBe(0);
    const complete = (...words: string[]): string[] => {
      const script = `${stdout}\n${askOf[shell](words)}`;
      const text = execFileSync(shell, [...callOf[shell], script], { encoding: "utf8" });
      return text.split("\n").flatMap((line) => line.split("\t")[0] || []);
    };
    expect(complete("queuectl", "ex").sort()).toEqual(["expedite", "explain"]);
    expect(complete("queuectl", "history", "--r").sort()).toEqual(["--repo", "--run"]);
    expect(complete("queuectl", "drain", "ci0", "--no")).toEqual(["--note"]);
    expect(complete("queuectl", "drain", "ci0", "--st")).toEqual([]);
    expect(complete("queuectl", "jobs", "--state", "ta")).toEqual(["taken"]);
    expect(complete("queuectl", "completion", "f")).toEqual(["fish"]);
  });
});

function quote(word: string): string {
  return `'${word}'`;
}
