// docs/first-job.md, as a reader copies it: its blocks run one after the other by real bash, with
// the ports changed, and what the page says of them comes about.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(new URL("../../docs/first-job.md", import.meta.url), "utf8");
const [fleet = "", queue = "", ...steps] = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);

/** Two ports in a row that are free now. */
async function findFreePorts(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 20_000);
    const taken = await Promise.all([first, first + 1].map(isTaken));
    if (!taken.includes(true)) return first;
  }
}

async function isTaken(port: number): Promise<boolean> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
  });
  await new Promise((resolve) => server.close(resolve));
  return !isFree;
}

/** Resolves when it printed the text; ends with the test, with all that it started. */
async function startUntil(script: string, env: Readonly<Record<string, string>>, text: string): Promise<void> {
  const child: ChildProcess = spawn("bash", ["-ec", script], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  endWithUs(child);
  onTestFinished(() => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  });
  let written = "";
  await new Promise<void>((resolve, reject) => {
    child.once("close", () => reject(new Error(`it ended: ${written}`)));
    child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      written += piece;
      if (written.includes(text)) resolve();
    });
  });
}

test("the two first jobs get the two runners, the third is shown waiting as the first in line, and gives its place up", async () => {
  const [monitorPort, queuePort] = [await findFreePorts(), await findFreePorts()];
  const moved = (script: string) =>
    script
      .replaceAll("127.0.0.1:9000", `127.0.0.1:${monitorPort}`)
      .replaceAll("127.0.0.1:9001", `127.0.0.1:${monitorPort + 1}`)
      .replaceAll("127.0.0.1:8002", `127.0.0.1:${queuePort}`);
  await startUntil(moved(fleet).replace("fleet --", `fleet -- --port ${monitorPort}`), {}, "MONITORS=");
  await startUntil(moved(queue), { PORT: String(queuePort) }, '"listening"');
  const env = { ...process.env, RUNNER_QUEUE_URL: `http://127.0.0.1:${queuePort}` };
  const { stdout } = await new Promise<{ stdout: string }>((resolve, reject) => {
    execFile("bash", ["-ec", moved(steps.join("\n"))], { cwd: root, env }, (error, out, err) =>
      error === null ? resolve({ stdout: out }) : reject(new Error(`${error.message}${out}${err}`)),
    );
  });
  expect(stdout).toMatch(/^first: ci-runner-linux\.\d+@ci\d$/m);
  expect(stdout).toMatch(/^second: ci-runner-linux\.\d+@ci\d$/m);
  expect(stdout).toMatch(/"state": "queued",\n\s*"position": 1\n/);
  expect(stdout).toMatch(/^.*\bthird\b.*$/m);
  expect(stdout).toMatch(/third: no runner, job_cancelled$/m);
});
