// The operator's command line on a real terminal: as wide as it is, in colour unless that is not
// wanted, drawn anew while somebody watches.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { act, linesOf } from "../support/queuectl.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

const program = fileURLToPath(new URL("../../scripts/queuectl.ts", import.meta.url));
const wide = 200;
let monitor: SimulatedMonitor;
let service: RunningService;

beforeAll(async () => {
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
  service = await startService({ monitors: [monitor] });
  const ticket = await enqueueForTicket(service.url, {
    profile: "linux",
    uniqueId: "holder-of-a-long-name",
    runId: "1",
  });
  await takeUntilDone(service.url, "holder-of-a-long-name", ticket);
  await act(service.url, "/monitors/ci0/drain?by=bob&note=new%20disk%20and%20a%20long%20story%20about%20it");
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

interface Shown {
  readonly ended: Promise<string>;
  until(pattern: RegExp): Promise<void>;
  type(keys: string): void;
}

/**
 * On a pseudo-terminal of `script`; ends with its exit code as the last line. Ctrl-C reaches the
 * shell as well, and not every shell outlives it (dash does not): the trap keeps it, and is not
 * handed on to what it starts.
 */
function show(args: readonly string[], widthCharacters: number, env: NodeJS.ProcessEnv = {}): Shown {
  const call = [process.execPath, program, ...args].map((word) => `'${word}'`).join(" ");
  const line = `trap : INT; stty cols ${widthCharacters} rows 30; ${call}; echo "exit $?"`;
  const { NO_COLOR: _, ...inherited } = process.env;
  const child = spawn("script", ["-qc", line, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...inherited, TERM: "xterm", RUNNER_QUEUE_URL: service.url, RUNNER_QUEUE_TOKEN: apiToken, ...env },
  });
  endWithUs(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    for (const watch of [...watchers]) watch();
  });
  return {
    ended: new Promise((resolve) => void child.once("close", () => resolve(text.replaceAll("\r", "").trimEnd()))),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          if (pattern.test(text)) resolve();
        };
        watchers.add(watch);
        watch();
        child.once("close", () => reject(new Error(`it ended without ${pattern}: ${text}`)));
      }),
    type: (keys) => void child.stdin.write(keys),
  };
}

test("what wants a look is in colour on a terminal, but not with NO_COLOR, nor in a pipe", async () => {
  const coloured = await show(["history"], wide).ended;
  expect(coloured).toContain("\u001b[33mdrained");
  expect(coloured).toContain("\u001b[32mtaken");
  const plain = await show(["history"], wide, { NO_COLOR: "1" }).ended;
  expect(plain).not.toContain("\u001b");
  expect(plain).toMatch(/exit 0$/);
  expect((await linesOf(service.url, "history")).join("\n")).not.toContain("\u001b");
});

test("no line of a table is wider than the terminal, a cut is shown, and figures stay whole", async () => {
  const [whole, narrow] = await Promise.all([
    linesOf(service.url, "history"),
    show(["history"], 70, { NO_COLOR: "1" }).ended,
  ]);
  const lines = narrow.split("\n").slice(0, -1);
  expect(lines).toHaveLength(whole.length);
  expect(Math.max(...whole.map(({ length }) => length))).toBeGreaterThan(70);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(70);
  expect(narrow).toContain("…");
  const status = await show(["status"], 50, { NO_COLOR: "1" }).ended;
  for (const line of status.split("\n")) expect(line.length, line).toBeLessThanOrEqual(50);
});

test("watch draws over what it drew, and Ctrl-C ends it with 0", async () => {
  const watch = show(["watch"], wide);
  await watch.until(/fresh[\s\S]*fresh/);
  watch.type("\u0003");
  const text = await watch.ended;
  expect(text.split("\u001b[H").length).toBeGreaterThan(2);
  expect(text).toMatch(/exit 0$/);
});
