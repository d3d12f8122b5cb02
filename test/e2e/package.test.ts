// The package as people get it: packed, installed in a fresh folder by npm with nothing but Node
// and an empty HOME, and used. What is installed needs no other package, so no registry is asked:
// npm runs offline.
import { execFile, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { documentedExample } from "../support/documented-example.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken, monitorToken } from "../support/service.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder = "";
let home = "";
/** `npm` stands beside some node; ours comes first. */
const path = [dirname(process.execPath), process.env.PATH].join(delimiter);

interface End {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<End> {
  const options = { cwd: folder, env: { PATH: path, HOME: home, npm_config_offline: "true", ...env } };
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ exitCode, stdout, stderr });
    });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-queue-package-"));
  home = join(folder, "home");
  mkdirSync(home);
  const built = await run(process.execPath, [join(root, "scripts/build.ts"), "--out", join(folder, "dist")]);
  expect(built).toMatchObject({ exitCode: 0, stderr: "" });
  const packed = await run("npm", ["pack", "./dist", "--silent"]);
  expect(packed.exitCode).toBe(0);
  const installed = await run("npm", ["install", `./${packed.stdout.trim()}`, "--no-audit", "--no-fund", "--silent"]);
  expect(installed).toMatchObject({ exitCode: 0 });
  // Only what was installed may be used.
  await rm(join(folder, "dist"), { recursive: true });
});

afterAll(async () => {
  if (folder !== "") await rm(folder, { recursive: true, force: true });
});

const bin = (name: string) => join(folder, "node_modules/.bin", name);

function bytesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

interface Running {
  readonly pid: number;
  readonly url: string;
}

/** `runner-queue serve`, until the test is over. */
async function serve(env: Readonly<Record<string, string>>): Promise<Running> {
  const child = spawn(bin("runner-queue"), ["serve"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: path, HOME: home, PORT: "0", API_TOKENS: apiToken, MONITOR_API_TOKEN: monitorToken, ...env },
  });
  endWithUs(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, port } = JSON.parse(line) as { msg: string; port?: number };
    if (msg !== "listening") continue;
    const url = `http://127.0.0.1:${port}`;
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 60_000 }).toBe(200);
    child.stdout.resume();
    return { pid: child.pid ?? -1, url };
  }
  throw new Error("the queue ended before it listened");
}

test("what is installed is one package of less than 30 MB, with the licences of all that is in it", () => {
  const installed = readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));
  expect(installed).toEqual(["runner-queue"]);
  const own = join(folder, "node_modules/runner-queue");
  expect(bytesBelow(own)).toBeLessThan(30 * 1024 * 1024);
  const licences = readFileSync(join(own, "THIRD-PARTY-LICENSES.txt"), "utf8");
  for (const name of ["hono", "zod", "ioredis", "jose", "pino", "yauzl"])
    expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
  expect(JSON.parse(readFileSync(join(own, "package.json"), "utf8"))).not.toHaveProperty("dependencies");
});

test("npx finds it; every command has its --help, under the name that it has here; a command that is none is told", async () => {
  const help = await run("npx", ["runner-queue", "--help"]);
  expect(help).toMatchObject({ exitCode: 0, stderr: "" });
  for (const command of ["serve", "demo", "fleet", "self-test", "agent", "ctl"]) {
    expect(help.stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
    const own = await run(bin("runner-queue"), [command, "--help"]);
    expect(own).toMatchObject({ exitCode: 0, stderr: "" });
    expect(own.stdout).toMatch(command === "ctl" ? /^queuectl </m : new RegExp(`^runner-queue ${command}`, "m"));
    expect(own.stdout).not.toContain("npm run");
  }
  expect((await run("npx", ["queuectl", "--help"])).stdout).toContain("queuectl <command>");
  expect((await run(bin("runner-queue"), ["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+/);
  expect(await run(bin("runner-queue"), ["sevre"])).toMatchObject({ exitCode: 2, stdout: "" });
  expect(await run(bin("runner-queue"), ["serve", "--port"])).toMatchObject({ exitCode: 2, stdout: "" });
});

test("its agent can be imported, and does what its options say", async () => {
  const script = `import { createAgent } from "runner-queue/agent";
    const host = { quiet: async () => { throw new Error("never quiet"); } };
    const options = { queue: "http://127.0.0.1:1", name: "ci9", token: "t", notes: "notes.sqlite", host };
    console.log(JSON.stringify(await createAgent(options).run(new AbortController().signal)));`;
  writeFileSync(join(folder, "own-agent.mjs"), script);
  const { stdout } = await run(process.execPath, ["own-agent.mjs"]);
  expect(JSON.parse(stdout)).toEqual({ kind: "failed", why: "never quiet" });
});

test("its agent has types: the example of docs/agent.md passes tsc, and one that lists no profiles does not", async () => {
  const example = `declare const token: string;\n${documentedExample("agent.md", "## From JavaScript")}`;
  writeFileSync(join(folder, "good-host.mts"), example);
  writeFileSync(join(folder, "bad-host.mts"), example.replace(/profiles: \{.*?\} \}, /, ""));
  const tsc = join(root, "node_modules/.bin/tsc");
  const options = ["--noEmit", "--strict", "--target", "es2024", "--module", "nodenext", "--types", ""];
  const check = async (file: string) => await run(tsc, [...options, file]);
  expect(await check("good-host.mts")).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  const bad = await check("bad-host.mts");
  expect(bad.exitCode).toBeGreaterThan(0);
  expect(bad.stdout).toMatch(/'profiles' is missing/);
});

test("an older Node is told so in one sentence, without a stack", async () => {
  const old = join(folder, "old-node.cjs");
  const own = join(folder, "node_modules/runner-queue/bin/runner-queue.cjs");
  const pretend = `Object.defineProperty(process.versions, "node", { value: "20.20.2" });
    Object.defineProperty(process, "version", { value: "v20.20.2" });
    require(${JSON.stringify(own)});`;
  writeFileSync(old, pretend);
  expect(await run(process.execPath, [old])).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: "runner-queue needs Node 22.18 or later; this is v20.20.2.\n",
  });
});

test("the demo plays: jobs wait, get their runners, and nothing goes wrong", async () => {
  const { exitCode, stdout, stderr } = await run(bin("runner-queue"), ["demo", "--seconds", "6"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(/^ {2}watch it +http:/m);
  expect(stdout).toMatch(/waits \(/);
  expect(stdout).toMatch(/got runner/);
  expect(stdout).toMatch(/went wrong +nothing$/m);
});

test("a queue that the package serves answers queuectl and passes the self-test", async () => {
  const monitor = await startMonitor({ profiles: { linux: 2 } });
  const { url } = await serve({ MONITORS: `ci0=${monitor.url}` });
  const env = { RUNNER_QUEUE_URL: url, RUNNER_QUEUE_TOKEN: apiToken };
  const status = await run(bin("queuectl"), ["status"], env);
  expect(status).toMatchObject({ exitCode: 0, stderr: "" });
  expect(status.stdout).toMatch(/\blinux\b/);
  const args = ["self-test", "--queue", url, "--profile", "linux", "--only", "reachable,unauthorised,unsatisfiable"];
  const selfTest = await run(bin("runner-queue"), args, env);
  expect(selfTest.stdout).toMatch(/unsatisfiable/);
  expect(selfTest).toMatchObject({ exitCode: 0, stderr: "" });
});

test("queuectl.mjs, copied to where only Node is, is all of queuectl", async () => {
  const alone = await mkdtemp(join(tmpdir(), "runner-queue-alone-"));
  onTestFinished(() => rm(alone, { recursive: true, force: true }));
  const file = join(alone, "queuectl.mjs");
  copyFileSync(join(folder, "node_modules/runner-queue/queuectl.mjs"), file);
  const version = await run(file, ["--version"]);
  expect(version).toMatchObject({ exitCode: 0, stderr: "", stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  const monitor = await startMonitor({ profiles: { linux: 2 } });
  const { url } = await serve({ MONITORS: `ci0=${monitor.url}` });
  const jobs = await run(process.execPath, [file, "jobs", "--queue", url]);
  expect(jobs).toEqual({ exitCode: 0, stderr: "", stdout: "Nobody waits.\n" });
});

test.runIf(process.platform === "linux")("an idle queue takes at most 90 MiB of memory", async () => {
  const monitor = await startMonitor({ profiles: { linux: 2 } });
  const { pid } = await serve({ MONITORS: `ci0=${monitor.url}` });
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  expect(Number(kib) / 1024).toBeGreaterThan(20);
  expect(Number(kib) / 1024).toBeLessThanOrEqual(90);
});
