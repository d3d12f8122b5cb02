// The demo is the first thing that people try: it must run, end, tell the truth and leave nothing
// behind.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { createTestDirectory } from "../support/files.ts";
import { loadProcesses, loadSurvivors, type SeenProcess } from "../support/processes.ts";

const script = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));

interface DemoRun {
  readonly exitCode: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
  /** Every child that was seen whenever a line was printed. */
  readonly children: readonly SeenProcess[];
}

function runDemo(
  args: readonly string[],
  { env = process.env, onLine }: { env?: NodeJS.ProcessEnv; onLine?: (line: string, pid: number) => void } = {},
): Promise<DemoRun> {
  const demo = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  const pid = demo.pid ?? -1;
  endWithUs(demo);
  onTestFinished(() => void demo.kill("SIGKILL"));
  const lines: string[] = [];
  const children = new Map<number, SeenProcess>();
  let stderr = "";
  createInterface({ input: demo.stdout }).on("line", (line) => {
    lines.push(line);
    // A child is a copy of its parent for a moment: the later look at it counts.
    for (const one of loadProcesses()) if (one.parent === pid) children.set(one.pid, one);
    onLine?.(line, pid);
  });
  demo.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    demo.once("error", reject);
    demo.once("close", (exitCode) => resolve({ exitCode, lines, stderr, children: [...children.values()] }));
  });
}

/** What ends with the demo is gone in a moment. */
async function expectAllGone(children: readonly SeenProcess[]): Promise<void> {
  await expect.poll(() => loadSurvivors(children), { timeout: 60_000 }).toEqual([]);
}

/** The figure that the summary gives under this name. */
function figureOf(lines: readonly string[], name: string): number {
  const summary = lines.slice(lines.indexOf("Summary"));
  const line = summary.find((candidate) => candidate.startsWith(`  ${name}  `)) ?? "";
  return Number(line.slice(name.length + 2));
}

test("it plays for the time it is told, serves jobs, reserves nothing twice, exits with 0 and leaves no process", async () => {
  const { exitCode, lines, stderr, children } = await runDemo(["--seconds", "8"]);

  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const opening = lines.slice(0, 12).join("\n");
  expect(opening).toMatch(/^This is runner-queue: /);
  expect(opening).toMatch(/\bci2 is behind NAT: nobody\ncan call it, so it fetches its jobs\. /);
  expect(opening).toMatch(/^ {2}watch it {7}http:\/\/127\.0\.0\.1:\d+\/$/m);
  expect(opening).toMatch(/^ {2}end it {9}Ctrl-C$/m);
  expect(lines.filter((line) => /waits \((is next|position \d+)\)$/.test(line))).not.toEqual([]);
  expect(lines.filter((line) => /got runner ci-runner-linux\.\d+ on ci\d after \d+\.\d s$/.test(line))).not.toEqual([]);
  expect(figureOf(lines, "taken")).toBeGreaterThan(0);
  expect(figureOf(lines, "jobs")).toBeGreaterThanOrEqual(figureOf(lines, "taken"));
  expect(figureOf(lines, "runners reserved twice")).toBe(0);
  expect(lines.at(-1)).toBe("  went wrong              nothing");
  expect(children.filter(({ command }) => command.includes("src/main.ts"))).toHaveLength(1);
  expect(children.filter(({ command }) => command.startsWith("curl "))).not.toEqual([]);
  await expectAllGone(children);
});

test("Ctrl-C while steps wait and the host behind NAT has served: a summary, exit code 0, no process left; and with --json every line is an object", async () => {
  const awaited = new Set(["waits", "served behind NAT"]);
  const { exitCode, lines, stderr, children } = await runDemo(["--json"], {
    onLine: (line, pid) => {
      if (awaited.size === 0) return;
      const { event, runners = [] } = JSON.parse(line) as { event: string; runners?: { monitor: string }[] };
      awaited.delete(event);
      if (event === "taken" && runners.some(({ monitor }) => monitor === "ci2")) awaited.delete("served behind NAT");
      if (awaited.size === 0) process.kill(pid, "SIGINT");
    },
  });

  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const events = lines.map((line) => JSON.parse(line) as { event: string });
  expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(["started", "enqueued", "taken", "waits"]));
  const behindNat = expect.objectContaining({ name: "ci2", isBehindNat: true });
  expect(events[0]).toMatchObject({ event: "started", monitors: expect.arrayContaining([behindNat]) });
  expect(events.at(-1)).toMatchObject({ event: "summary", reservedTwice: 0, wrong: [] });
  await expectAllGone(children);
});

test("a service that dies in the middle is reported, with exit code 1 and no process left", async () => {
  let servicePid: number | null = null;
  const { exitCode, lines, children } = await runDemo(["--json"], {
    onLine: (line) => {
      const { event, pid } = JSON.parse(line) as { event: string; pid: number };
      if (event === "started") servicePid = pid;
      if (event === "taken" && servicePid !== null) process.kill(servicePid, "SIGKILL");
      if (event === "taken") servicePid = null;
    },
  });

  expect(exitCode).toBe(1);
  const { wrong } = JSON.parse(lines.at(-1)!) as { wrong: string[] };
  expect(wrong).toContainEqual(expect.stringMatching(/^the service ended by itself/));
  await expectAllGone(children);
});

test("without curl it says how to get it and exits with 2; a wrong call exits with 2 as well; --help with 0", async () => {
  const withoutCurl = { ...process.env, PATH: await createTestDirectory() };
  const [missing, wrong, help] = await Promise.all([
    runDemo(["--seconds", "1"], { env: withoutCurl }),
    runDemo(["--seconds", "soon"]),
    runDemo(["--help"]),
  ]);
  expect(missing).toMatchObject({ exitCode: 2, lines: [] });
  expect(missing.stderr).toMatch(/^The demo needs curl, which is not installed here\. Install it with: \S.*\n$/);
  expect(wrong).toMatchObject({ exitCode: 2, lines: [] });
  expect(wrong.stderr).toMatch(/^--seconds must be a whole number/);
  expect(help).toMatchObject({ exitCode: 0, stderr: "" });
  expect(help.lines.join("\n")).toContain("npm run demo -- [options]");
});
