// The shipped unit: what systemd says of it where systemd is there, and that what it starts is the
// queue, reloads and ends as it says.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseCommandLine } from "../../scripts/agent/command-line.ts";
import { createTestDirectory } from "../support/files.ts";

const unit = readFileSync(new URL("../../deploy/systemd/runner-queue.service", import.meta.url), "utf8");
const settingOf = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1];
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

/** The unit with a program and a user that are here, and a name of its own. */
async function writeUnit(): Promise<string> {
  const path = join(await createTestDirectory(), "runner-queue-test.service");
  writeFileSync(
    path,
    unit.replace("/opt/runner-queue/bin/runner-queue", process.execPath).replace("User=runner-queue", "User=daemon"),
  );
  return path;
}

test.runIf(hasSystemd)("systemd finds nothing wrong with it", async () => {
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", await writeUnit()], {
    encoding: "utf8",
  });
  const own = stderr.split("\n").filter((line) => line.includes("runner-queue-test.service"));
  expect({ status, own }).toEqual({ status: 0, own: [] });
});

test.runIf(hasSystemd)("systemd calls what it may do little (3.0 of 10 at most)", async () => {
  const args = ["security", "--offline=true", "--threshold=30", await writeUnit()];
  expect(execFileSync("systemd-analyze", args, { encoding: "utf8" })).toContain("Overall exposure level");
});

test("reload is SIGHUP, and a stop leaves a take the time that it needs", () => {
  expect(settingOf("ExecReload")).toBe("/bin/kill -HUP $MAINPID");
  expect(Number(settingOf("TimeoutStopSec"))).toBeGreaterThan(30);
  // wrong settings end with exit code 1, again and again
  expect(settingOf("Restart")).toBe("on-failure");
  expect(unit).toContain("Environment=CONFIG_FILE=/etc/runner-queue/settings.env");
});

test("the agent's unit calls it as its command line wants, and does not start it again where another one speaks", () => {
  const agentUnit = readFileSync(new URL("../../deploy/systemd/runner-queue-agent@.service", import.meta.url), "utf8");
  const [, line = ""] = /^ExecStart=\S+ agent ((?:.*\\\n)?.*)$/m.exec(agentUnit) ?? [];
  const tokenFile = fileURLToPath(import.meta.url);
  const args = line
    .replace(/\\\n/, "")
    .replace(/\$\{QUEUE_URL\}/, "http://127.0.0.1:8002")
    .replace(/\$\{MONITOR_URL\}/, "http://127.0.0.1:8000")
    .replace("%d/token", tokenFile)
    .replaceAll("%i", "ci9")
    .split(/\s+/);
  // this file is no token, and only that is wrong
  expect(parseCommandLine(args, {})).toMatchObject({ kind: "wrong", why: expect.stringContaining("token") });
  expect(agentUnit).toContain("RestartPreventExitStatus=2 3");
});
