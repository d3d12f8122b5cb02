// What is deployed: wrangler builds it from a clean checkout, and it is small enough for any plan.

import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { spawnWrangler } from "../support/worker.ts";

const mostBytes = 1024 * 1024;

it("wrangler deploy --dry-run builds a bundle below 1 MiB, compressed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rq-bundle-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const child = spawnWrangler(["deploy", "--dry-run", "--outdir", folder], folder);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = await once(child, "exit");
  expect(code, output).toBe(0);
  const script = (await readdir(folder)).find((name) => name === "worker.js");
  const bytes = gzipSync(await readFile(join(folder, script ?? "worker.js"))).length;
  console.log(`the Worker's bundle: ${Math.round(bytes / 1024)} KiB compressed`);
  expect(bytes).toBeLessThan(mostBytes);
  // Node's server, files and pretty logs stay at home
  const source = await readFile(join(folder, "worker.js"), "utf8");
  for (const name of ["pino-pretty", "@hono/node-server"]) expect(source).not.toContain(`node_modules/${name}`);
});
