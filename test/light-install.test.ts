// `npm ci && npm run demo` is light: what it installs is what the queue and its programs import,
// and no more. What only development needs comes with the first `npm test`.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { z } from "zod";
import packageJson from "../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../", import.meta.url));
const load = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

test("npm ci leaves out what only development needs, and installs 60 packages at most", () => {
  expect(load(".npmrc").split("\n")).toContain("omit=dev");
  const entry = z.object({ dev: z.boolean().default(false), optional: z.boolean().default(false) });
  const { packages } = z.object({ packages: z.record(z.string(), entry) }).parse(JSON.parse(load("package-lock.json")));
  const light = Object.entries(packages).filter(([path, { dev }]) => path !== "" && !dev);
  expect(light.length).toBeGreaterThan(20);
  expect(light.length).toBeLessThanOrEqual(60);
});

test("all that the queue, the demo and the other programs import is among these", async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["src/main.ts", "scripts/runner-queue.ts", "scripts/bring-tools.ts", "scripts/generate.ts"],
    bundle: true,
    write: false,
    outdir: "unused",
    platform: "node",
    format: "esm",
    packages: "external",
    metafile: true,
  });
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter(({ external, path }) => external === true && !path.startsWith("node:")).map(({ path }) => path),
  );
  expect(imported.length).toBeGreaterThan(5);
  const installed = Object.keys(packageJson.dependencies);
  for (const path of imported) expect(installed).toContain(path.split("/", path.startsWith("@") ? 2 : 1).join("/"));
});

test("where the tools are there, nothing is installed: npm is not even called", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/bring-tools.ts"], {
    cwd: root,
    encoding: "utf8",
    env: { PATH: "" },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test.each(["test", "test:long", "test:worker", "types", "lint", "format", "build"])(
  "npm run %s brings them first",
  (script) => {
    expect(packageJson.scripts).toHaveProperty(`pre${script}`, "node scripts/bring-tools.ts");
  },
);
