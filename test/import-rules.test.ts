// Each rule of the house is shown catching the tree that breaks it: a checker that cannot fail protects nothing.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { findViolations } from "../scripts/import-rules.ts";
import { maskSource, parseImports } from "../scripts/source-text.ts";

const runFile = promisify(execFile);

/** `file:line: message` of every violation in a tree given as path -> contents. */
function check(tree: Record<string, string>): string[] {
  const violations = findViolations(new Map(Object.entries(tree)));
  return violations.map(({ file, line, message }) => `${file}:${line}: ${message}`);
}

function importing(specifier: string): string {
  return `import { a } from "${specifier}";\n`;
}

describe("who may import whom", () => {
  test("the house as it is meant has no violation", () => {
    const tree = {
      "src/main.ts": `${importing("./compose.ts")}${importing("./config.ts")}import "node:http";\n`,
      "src/worker.ts": importing("./compose.ts"),
      "src/compose.ts": ["./http/app.ts", "./store/redis/keys.ts", "./monitors/client.ts", "./logging.ts"]
        .map(importing)
        .join(""),
      "src/config.ts": `import type { Settings } from "./queue/settings.ts";\n${importing("zod")}`,
      "src/logging.ts": importing("pino"),
      "src/http/app.ts": ["hono", "zod", "../queue/job.ts", "../auth/bearer.ts", "./problem.ts"]
        .map(importing)
        .join(""),
      "src/http/problem.ts": "export const a = 1;\n",
      "src/auth/bearer.ts": `${importing("jose")}${importing("../queue/job.ts")}`,
      "src/store/redis/keys.ts": `${importing("node:crypto")}${importing("../../queue/job.ts")}`,
      "src/monitors/client.ts": importing("../queue/job.ts"),
      "src/queue/job.ts": `${importing("zod")}${importing("./ports.ts")}`,
      "src/queue/ports.ts": "export const a = 1;\n",
      "scripts/demo.ts": importing("../src/main.ts"),
      "test/queue/job.test.ts": importing("../../src/queue/job.ts"),
    };
    expect(check(tree)).toEqual([]);
  });

  test.each([
    ["queue", "http"],
    ["queue", "auth"],
    ["queue", "store"],
    ["queue", "monitors"],
    ["http", "store"],
    ["http", "monitors"],
    ["auth", "store"],
    ["auth", "monitors"],
    ["auth", "http"],
    ["store", "auth"],
    ["store", "monitors"],
    ["store", "http"],
    ["monitors", "auth"],
    ["monitors", "store"],
    ["monitors", "http"],
  ])("%s may not import %s", (from, to) => {
    expect(check({ [`src/${from}/one.ts`]: `\n${importing(`../${to}/two.ts`)}` })).toEqual([
      `src/${from}/one.ts:2: ${from} must not import ${to}: own an interface in queue and let compose.ts hand it in`,
    ]);
  });

  test.each(["queue", "http", "auth", "store", "monitors"])("%s sees no top-level file of src", (folder) => {
    for (const file of ["config", "logging", "metrics", "compose", "main", "worker"]) {
      expect(check({ [`src/${folder}/one.ts`]: importing(`../${file}.ts`) })).toEqual([
        expect.stringContaining(`src/${folder}/one.ts:1: ${folder} must not import ${file}:`),
      ]);
    }
  });

  test("config, logging and metrics may use queue and nothing else of ours", () => {
    expect(check({ "src/config.ts": importing("./queue/job.ts") })).toEqual([]);
    for (const target of ["./http/app.ts", "./logging.ts", "./compose.ts"]) {
      expect(check({ "src/config.ts": importing(target) })).toEqual([
        expect.stringContaining("src/config.ts:1: config must not import "),
      ]);
    }
  });

  test("a forbidden import is caught in whatever form it is written", () => {
    const forms = [
      'import type { A } from "../store/a.ts";',
      'import { type A } from "../store/a.ts";',
      'import * as a from "../store/a.ts";',
      'import a, { b } from "../store/a.ts";',
      'import {\n  a,\n  b,\n} from "../store/a.ts";',
      'import "../store/a.ts";',
      'export * from "../store/a.ts";',
      'export { a } from "../store/a.ts";',
      "const a = await import('../store/a.ts');",
      "const a = await import(`../store/a.ts`);",
    ];
    for (const form of forms) {
      expect(check({ "src/http/one.ts": form }), form).toEqual([
        expect.stringContaining("src/http/one.ts:1: http must not import store:"),
      ]);
    }
  });

  test("the service never imports tests or scripts, not even from its entry", () => {
    expect(check({ "src/main.ts": importing("../scripts/demo.ts") })).toEqual([
      "src/main.ts:1: src must not import scripts/demo.ts: what the service needs lives in src",
    ]);
  });

  test("queue uses no package but zod", () => {
    expect(check({ "src/queue/job.ts": importing("zod/mini") + importing("nanoid") + importing("@hono/a/b") })).toEqual(
      [
        "src/queue/job.ts:2: queue must not import nanoid: of packages it may use zod only",
        "src/queue/job.ts:3: queue must not import @hono/a: of packages it may use zod only",
      ],
    );
  });
});

describe("what runs on Workers too", () => {
  test.each(["queue", "http", "auth"])("%s imports nothing of Node", (folder) => {
    expect(check({ [`src/${folder}/one.ts`]: importing("node:crypto") })).toEqual([
      expect.stringContaining(`src/${folder}/one.ts:1: ${folder} must not import node:crypto:`),
    ]);
  });

  test.each(["queue", "http", "auth"])("%s uses no global of Node", (folder) => {
    const text =
      "const a = Buffer.from('');\nconst b = process.env;\nconst c = globalThis.process?.env;\nf(...process.argv);\n";
    expect(check({ [`src/${folder}/one.ts`]: text })).toEqual([
      expect.stringContaining(`src/${folder}/one.ts:1: ${folder} must not use Buffer:`),
      expect.stringContaining(`src/${folder}/one.ts:2: ${folder} must not use process:`),
      expect.stringContaining(`src/${folder}/one.ts:3: ${folder} must not use process:`),
      expect.stringContaining(`src/${folder}/one.ts:4: ${folder} must not use process:`),
    ]);
  });

  test("the same words elsewhere are no use of Node", () => {
    const text = [
      "// Buffer and process.env are Node's",
      "const a = new ArrayBuffer(1);",
      "const b = 'process.env' + `Buffer`;",
      "const c = job.process.state;",
      "function process(job: Job): void {}",
      "const d = /Buffer|process./;",
    ].join("\n");
    expect(check({ "src/queue/one.ts": text })).toEqual([]);
    expect(check({ "src/store/one.ts": "const a = process.env;\n" })).toEqual([]);
  });
});

describe("names, lengths and cycles", () => {
  test.each(["utils", "lib", "common", "helpers", "types", "services"])(
    "%s is a drawer, as a folder or a file",
    (name) => {
      const paths = [`src/${name}/one.ts`, `src/queue/${name}.ts`, `test/${name}/one.ts`];
      for (const path of paths)
        expect(check({ [path]: "" })).toEqual([expect.stringContaining(`"${name}" is a drawer`)]);
    },
  );

  test("a barrel index.ts is refused", () => {
    expect(check({ "src/queue/index.ts": "" })).toEqual([expect.stringContaining("no barrel")]);
  });

  test.each(["./b", "./b.js", "../queue", "/src/queue/b.ts", "#queue/b.ts"])(
    "a local import says .ts: %s",
    (specifier) => {
      expect(check({ "src/queue/a.ts": importing(specifier) })).toEqual([
        expect.stringContaining(`src/queue/a.ts:1: "${specifier}": `),
      ]);
    },
  );

  test("a file of src is at most 300 lines, unless it is generated", () => {
    const lines = (count: number): string => "a;\n".repeat(count);
    expect(check({ "src/queue/a.ts": lines(300) })).toEqual([]);
    expect(check({ "src/queue/a.ts": lines(301) })).toEqual([expect.stringContaining("src/queue/a.ts:301: 301 lines")]);
    expect(check({ "src/store/redis/scripts.generated.ts": lines(900), "test/a.test.ts": lines(900) })).toEqual([]);
  });

  test("an import cycle is reported once, as the way round", () => {
    const tree = {
      "src/queue/a.ts": `\n${importing("./b.ts")}`,
      "src/queue/b.ts": importing("./c.ts"),
      "src/queue/c.ts": importing("./a.ts"),
      "src/queue/d.ts": importing("./a.ts"),
    };
    expect(check(tree)).toEqual([
      "src/queue/a.ts:2: import cycle src/queue/a.ts -> src/queue/b.ts -> src/queue/c.ts -> src/queue/a.ts: " +
        "move what they share into a file of its own",
    ]);
  });

  test("only an import that is erased as a whole closes no cycle", () => {
    const cycleWith = (statement: string): string[] =>
      check({ "src/queue/a.ts": importing("./b.ts"), "src/queue/b.ts": statement });
    expect(cycleWith('import type { A } from "./a.ts";')).toEqual([]);
    expect(cycleWith('export type { A } from "./a.ts";')).toEqual([]);
    expect(cycleWith('import { type A } from "./a.ts";')).toHaveLength(1);
  });
});

describe("reading source text", () => {
  test("imports in comments, strings, templates and regular expressions are not imports", () => {
    const text = [
      '// import a from "./one.ts";',
      '/* import "./two.ts"; */',
      "const b = 'import \"./three.ts\"';",
      `const c = \`import "./four.ts"; \${d({ e: \`}\` })} import "./five.ts"\`;`,
      "const f = /[\"'`]/;",
      'import g from "./six.ts";',
    ].join("\n");
    expect(parseImports(text, maskSource(text))).toEqual([{ specifier: "./six.ts", line: 6, typeOnly: false }]);
  });

  test("code inside a template's braces is read as code", () => {
    const text = `const a = \`\${await import("./one.ts")} and \${Buffer.from("")}\`;`;
    expect(parseImports(text, maskSource(text))).toEqual([{ specifier: "./one.ts", line: 1, typeOnly: false }]);
    expect(maskSource(text)).toContain("Buffer.from");
  });

  test("masking moves no character and no line", () => {
    const text = `const a = "x\\"y"; // z\nconst b = \`\n\${a / 2}\n\`;\n/* unfinished`;
    const masked = maskSource(text);
    expect(masked).toHaveLength(text.length);
    expect(masked.split("\n").length).toBe(text.split("\n").length);
    expect(masked).toContain("a / 2");
  });
});

describe("scripts/check-imports.ts", () => {
  const script = join(import.meta.dirname, "../scripts/check-imports.ts");

  async function createTree(files: Record<string, string>): Promise<string> {
    const root = await mkdtemp(join(tmpdir(), "import-rules-"));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(root, path, ".."), { recursive: true });
      await writeFile(join(root, path), text);
    }
    return root;
  }

  test("is silent and succeeds where every rule holds", async () => {
    const root = await createTree({
      "src/main.ts": importing("./compose.ts"),
      "src/compose.ts": "export const a = 1;\n",
    });
    expect(await runFile(process.execPath, [script, root])).toEqual({ stdout: "", stderr: "" });
  });

  test("prints a line per violation and fails where one does not", async () => {
    const root = await createTree({ "src/http/take.ts": importing("../store/keys.ts") });
    await expect(runFile(process.execPath, [script, root])).rejects.toMatchObject({
      code: 1,
      stdout:
        "src/http/take.ts:1: http must not import store: own an interface in queue and let compose.ts hand it in\n",
    });
  });

  test("never calls a tree without src good", async () => {
    const root = await createTree({ "README.md": "" });
    await expect(runFile(process.execPath, [script, root])).rejects.toMatchObject({ code: 2 });
  });

  test("says how it is used", async () => {
    expect((await runFile(process.execPath, [script, "--help"])).stdout).toMatch(/^Usage: /);
  });
});
