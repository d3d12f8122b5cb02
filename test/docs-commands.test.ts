// What the documents tell people to type: every line of every shell block calls something that is
// there, and our own programs take its arguments. Blocks that a reader copies whole are run by
// tests of their own: first-job, documented-curl, coming-from-servo, package.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { parseCommandLine as parseDemo } from "../scripts/demo/command-line.ts";
import { parseCommandLine as parseQueuectl } from "../scripts/queuectl/command-line/command-line.ts";
import { parseCommandLine as parseSelfTest } from "../scripts/self-test/command-line.ts";
import { parseCommandLine as parseFleet } from "../scripts/simulated-fleet/command-line.ts";
import { describeSettings } from "../src/config.ts";

const root = join(import.meta.dirname, "..");
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Each command of a document's shell blocks: lines that end in a backslash are one. */
function commandsIn(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  const blocks = [...text.matchAll(/```(?:sh|bash)\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
  return blocks
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, " ").split("\n"))
    .flatMap((line) => line.replace(/(^|\s)#.*$/, "").split(/ && | \|\| /))
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

const environment = { RUNNER_QUEUE_TOKEN: "a-token-of-the-test", RUNNER_QUEUE_URL: "http://127.0.0.1:8002" };
const parsers: Readonly<Record<string, (args: string[]) => { readonly kind: string }>> = {
  demo: parseDemo,
  fleet: parseFleet,
  queuectl: (args) => parseQueuectl(args, environment),
  "self-test": (args) => parseSelfTest(args, environment),
};

/** As a shell would, of what documents have: words, and words in quotes. */
function splitWords(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
}

const known = documents.flatMap((document) => commandsIn(document).map((command) => ({ document, command })));
const ofNpm = known.filter(({ command }) => /(^|\s)npm (run|start|test)\b/.test(command));

describe("commands in documents", () => {
  test("there are some", () => {
    expect(ofNpm.length).toBeGreaterThan(20);
  });

  test.each(ofNpm)("$document: $command", ({ command }) => {
    const words = splitWords(command.replace(/\s[|>].*$/, ""));
    const script =
      words[words.indexOf("npm") + 1] === "run"
        ? words.find((word, at) => at > words.indexOf("run") && !word.startsWith("-"))
        : words[words.indexOf("npm") + 1];
    expect(packageJson.scripts).toHaveProperty(script ?? "");
    const args = words.includes("--") ? words.slice(words.indexOf("--") + 1) : [];
    const parse = parsers[script ?? ""];
    if (parse !== undefined)
      expect(parse(args.map((word) => (word.startsWith("$") ? "linux" : word)))).toMatchObject({
        kind: expect.stringMatching(/^(run|help)$/),
      });
  });

  test("settings that are set there exist", () => {
    const names = new Set<string>(describeSettings().map(({ name }) => name));
    const own = new Set([
      "REDIS_PASSWORD",
      "RUNNER_QUEUE_URL",
      "RUNNER_QUEUE_TOKEN",
      "QUEUE",
      "RUNNERS",
      "PROFILE",
      "CURL",
      "ID",
      "ANSWER",
      "STATUS",
      "TICKET",
      "TOKEN",
      "HELM",
    ]);
    const assigned = known.flatMap(({ document, command }) =>
      [...command.matchAll(/(?:^|\s)(?:export )?([A-Z][A-Z_]+)=/g)].map(([, name = ""]) => ({ document, name })),
    );
    expect(assigned.filter(({ name }) => !names.has(name.replace(/_FILE$/, "")) && !own.has(name))).toEqual([]);
  });

  test("files of ours that they name are there", () => {
    const paths = known.flatMap(({ command }) =>
      splitWords(command).filter((word) => /^(\.\/)?(deploy|scripts|bench|src|docs)\//.test(word)),
    );
    for (const path of paths) expect(existsSync(join(root, path)), path).toBe(true);
  });
});

test.each(documents)("%s links to files and headings that exist", (document) => {
  const anchorsOf = (markdown: string) =>
    [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, "")
        .replace(/\s/g, "-"),
    );
  const text = readFileSync(join(root, document), "utf8").replaceAll(/```[\s\S]*?```/g, "");
  for (const [, path = "", anchor] of text.matchAll(/\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\)/g)) {
    const file = path === "" ? join(root, document) : join(root, document, "..", path);
    expect(existsSync(file), `${path} of ${document}`).toBe(true);
    if (anchor !== undefined)
      expect(anchorsOf(readFileSync(file, "utf8")), `#${anchor} of ${document}`).toContain(anchor);
  }
});
