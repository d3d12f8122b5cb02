// What every action and workflow of ours keeps to, and that docs/runner-select.md says what the
// actions are: read from the files themselves.
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { loadAction, type Step } from "./action-file.ts";

const root = join(import.meta.dirname, "../..");
const docs = readFileSync(join(root, "docs/runner-select.md"), "utf8");
const scripts = globSync(".github/**/*.sh", { cwd: root });
/** What a step runs is named after its action; all others are parts of it. */
const entries = scripts.filter((file) => basename(file, ".sh") === basename(dirname(file)));
const yamlFiles = globSync(".github/**/*.{yml,yaml}", { cwd: root });

interface Workflow {
  jobs: Record<
    string,
    {
      needs?: string;
      name?: string;
      outputs?: Record<string, string>;
      permissions?: Record<string, string>;
      steps: Step[];
    }
  >;
}

/**
 * Whether the program is there. Where it is not, its test is skipped with a word, and fails under
 * CI=true.
 */
const hasShellcheck: boolean = (() => {
  if (spawnSync("shellcheck", ["--version"]).status === 0) return true;
  const words = "shellcheck is missing: apt-get install shellcheck";
  if (process.env.CI === "true") throw new Error(words);
  console.warn(`${words} (its test is skipped)`);
  return false;
})();

/** Every step below `node`, of an action or of a workflow's jobs. */
function stepsIn(node: unknown): Step[] {
  if (typeof node !== "object" || node === null) return [];
  const own = "run" in node || "uses" in node ? [node as Step] : [];
  return [...own, ...Object.values(node).flatMap(stepsIn)];
}

/** The rows of the table under a heading whose first column's head is `head`. */
function tableRows(heading: string, head: string): string[][] {
  const section = docs.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const table = section.split(/\n\n/).find((block) => block.trimStart().startsWith(`| ${head} |`)) ?? "";
  const lines = table.trim().split("\n").slice(2);
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

test.each(yamlFiles)(
  "%s puts no expression into a script: values come as environment, where they cannot become commands",
  (file) => {
    const steps = stepsIn(parse(readFileSync(join(root, file), "utf8")));
    expect(steps).not.toEqual([]);
    for (const { run } of steps) expect(run ?? "").not.toContain("${{");
  },
);

test("every action of others is pinned to a full commit, with its version beside it, and to the same one everywhere", () => {
  const commits = new Map<string, Set<string>>();
  for (const file of yamlFiles) {
    const text = readFileSync(join(root, file), "utf8");
    const lines = text.match(/^.*\buses:.*$/gm) ?? [];
    expect(lines).toHaveLength(stepsIn(parse(text)).filter(({ uses }) => uses !== undefined).length);
    for (const line of lines.filter((one) => !/uses: \.\//.test(one))) {
      const [, name = "", pin = ""] = /uses: ([\w-]+\/[\w./-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)$/.exec(line) ?? [];
      expect(name, `${file}: ${line.trim()}`).not.toBe("");
      commits.set(name, (commits.get(name) ?? new Set()).add(pin));
    }
  }
  expect([...commits.keys()].sort()).toEqual(["actions/checkout", "actions/setup-node", "actions/upload-artifact"]);
  for (const [name, pins] of commits) expect([name, pins.size]).toEqual([name, 1]);
});

test.skipIf(!hasShellcheck)("shellcheck has nothing to say about any script", () => {
  expect(entries).toHaveLength(2);
  const { stdout, status } = spawnSync("shellcheck", ["-x", "-a", ...entries], { cwd: root, encoding: "utf8" });
  expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
});

test.each(scripts)("%s can be executed or is part of one that can, and switches no check of shellcheck off", (file) => {
  const folder = dirname(file);
  const isEntry = entries.includes(file);
  expect(statSync(join(root, file)).mode & 0o111).toBe(isEntry ? 0o111 : 0);
  if (!isEntry) {
    const entry = readFileSync(join(root, folder, `${basename(folder)}.sh`), "utf8");
    expect(entry).toContain(`\n. "$here/${basename(file)}"\n`);
  }
  const text = readFileSync(join(root, file), "utf8");
  expect(text).not.toContain("shellcheck disable");
  expect(text).not.toMatch(/^\s*set .*x/m);
});

test.each(["runner-select", "runner-timeout"])(
  "the documented inputs and outputs of %s are its inputs and outputs",
  async (name) => {
    const { inputs, outputs = {} } = await loadAction(name);
    const documented = tableRows(name, "input").map(([input, value]) => [input, value]);
    const actual = Object.entries(inputs).map(([input, { required, default: value }]) => [
      input,
      required === true ? "required" : value === "" ? "empty" : value,
    ]);
    expect(documented).toEqual(actual);
    expect(tableRows(name, "output").map(([output]) => output)).toEqual(Object.keys(outputs));
  },
);

test("every sentence with which runner-select falls back is documented", () => {
  const parts = scripts.filter((file) => file.includes("/runner-select/"));
  const text = parts.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
  const said = [...text.matchAll(/(?:fall_back|tell_fallback) (?:'([^']+)'|"([^"]+)")/g)]
    .map(([, plain, filled]) => plain ?? (filled ?? "").replace(/\$\w+/g, "…"))
    .filter((sentence) => !/^(…|\$\(refusal\))$/.test(sentence));
  expect(said.length).toBeGreaterThan(10);
  const documented = tableRows("What it says", "it says").map(([sentence]) => sentence);
  const others = ["The queue refused: …", "The queue answered … (…).", "The queue cannot be reached: …"];
  expect([...said, ...others].sort()).toEqual([...documented].sort());
});

test("the documented workflow uses the actions as they are, and has the permissions they need", async () => {
  const { jobs } = parse(/```yaml\n(.*?)```/s.exec(docs)?.[1] ?? "") as Workflow;
  const uses = Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .filter(({ uses }) => uses !== undefined);
  expect(uses).toHaveLength(2);
  for (const step of uses) {
    const { inputs } = await loadAction(basename((step.uses ?? "").replace(/@.*/, "")));
    const given = Object.keys(step.with ?? {});
    const required = Object.keys(inputs).filter((input) => inputs[input]?.required);
    expect(Object.keys(inputs)).toEqual(expect.arrayContaining(given));
    expect(given).toEqual(expect.arrayContaining(required));
  }
  const { outputs = {} } = await loadAction("runner-select");
  const select = jobs["runner-select"]!;
  for (const [name, value] of Object.entries(select.outputs ?? {})) {
    expect(value).toBe(`\${{ steps.select.outputs.${name} }}`);
    expect(Object.keys(outputs)).toContain(name);
  }
  for (const [, output] of JSON.stringify(jobs).matchAll(/needs\.runner-select\.outputs\.([\w-]+)/g)) {
    expect(Object.keys(select.outputs ?? {})).toContain(output);
  }
  expect(select.permissions).toEqual({ actions: "write", "id-token": "write" });
  expect(jobs["runner-timeout"]?.permissions).toEqual({ actions: "write" });
  expect(jobs.build?.name).toMatch(/\[\$\{\{ needs\.runner-select\.outputs\.unique-id \}\}\]$/);
});
