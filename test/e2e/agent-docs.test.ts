// The commands of docs/agent.md, run as they are printed by somebody who has nothing but the package's
// program on the path: a job gets its runner. Only addresses and folders are the test's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { enqueueForTicket, runnerIdsIn, takeUntilDone } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { startMonitor } from "../support/monitors.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(join(root, "docs/agent.md"), "utf8");
const token = "token-of-ci9-only";
let service: RunningService;

beforeAll(async () => {
  service = await startService({ monitors: "ci9=pull", env: { MONITOR_TOKENS: `ci9:${token}` } });
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
});

/** The first block of shell below a heading. */
function blockBelow(heading: string): string {
  const [, block] = /```sh\n([\s\S]*?)```/.exec(text.split(`\n${heading}\n`)[1] ?? "") ?? [];
  if (block === undefined) throw new Error(`docs/agent.md has no block of shell below "${heading}".`);
  return block;
}

/** Resolves when it says that the queue answers; rejects when it ends without. */
async function runPrinted(block: string, places: Readonly<Record<string, string>>) {
  const folder = await createTestDirectory();
  const program = `#!/bin/sh\nexec "${process.execPath}" "${join(root, "scripts/runner-queue.ts")}" "$@"\n`;
  writeFileSync(join(folder, "runner-queue"), program, { mode: 0o755 });
  const tokenFile = join(folder, "agent-ci9.token");
  writeFileSync(tokenFile, `${token}\n`);
  const all = { "https://queue.example.org": service.url, "/etc/runner-queue/agent-ci9.token": tokenFile, ...places };
  const script = Object.entries(all).reduce((printed, [from, to]) => printed.replaceAll(from, to), block);
  const child = spawn("sh", ["-ec", script], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    // a group of its own, so that whatever the shell started ends with it
    detached: true,
    env: { PATH: [folder, process.env.PATH].join(delimiter), HOME: folder },
  });
  endWithUs(child);
  const exited = once(child, "exit");
  onTestFinished(async () => {
    if (child.exitCode === null) process.kill(-(child.pid ?? 0), "SIGKILL");
    await exited;
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.includes("the queue answers")) {
      child.stdout.resume();
      return;
    }
  }
  throw new Error(`it ended without: ${lines.join("\n")}`);
}

async function serve(uniqueId: string) {
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId, repo: "o/r", runId: "1" });
  return runnerIdsIn(await takeUntilDone(service.url, uniqueId, ticket));
}

test("in front of a monitor of today", async () => {
  const monitor = await startMonitor({ profiles: { linux: 1 } });
  const monitorTokenFile = join(await createTestDirectory(), "monitor.token");
  writeFileSync(monitorTokenFile, monitorToken);
  const places = { "http://127.0.0.1:8000": monitor.url, "/etc/runner-queue/monitor.token": monitorTokenFile };
  await runPrinted(blockBelow("## In front of a monitor of today"), places);
  const ids = await serve("of-a-monitor");
  expect(ids).toEqual(monitor.reservedFor("of-a-monitor").map(({ id }) => id));
  expect(ids).toHaveLength(1);
});

test("in front of two commands", async () => {
  const places = { "/srv/runners": join(await createTestDirectory(), "runners") };
  await runPrinted(blockBelow("## In front of anything: two commands"), places);
  expect(await serve("of-two-commands")).toEqual(["r1"]);
});
