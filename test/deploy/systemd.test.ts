// The shipped units: what systemd says of them where systemd is there, and that what they start is the
// queue or an agent, which reloads and ends as they say.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseCommandLine } from "../../scripts/agent/command-line.ts";
import { createTestDirectory } from "../support/files.ts";

const loadText = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const unit = loadText("deploy/systemd/runner-queue.service");
const agentUnit = loadText("deploy/systemd/runner-queue-agent@.service");
const settingOf = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1];
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

/** What `systemctl edit` is given for an agent in front of two commands. */
const [, dropIn = ""] = /```ini\n([\s\S]*?)```/.exec(loadText("docs/agent.md")) ?? [];

/** A unit with a program and a user that are here, and a name of its own. */
async function writeUnit(text: string, edited?: string): Promise<string> {
  const path = join(await createTestDirectory(), "runner-queue-test@ci9.service");
  const here = (of: string) =>
    of.replaceAll("/opt/runner-queue/bin/runner-queue", process.execPath).replace("User=runner-queue", "User=daemon");
  writeFileSync(path, here(text));
  if (edited !== undefined) {
    mkdirSync(`${path}.d`);
    writeFileSync(join(`${path}.d`, "override.conf"), here(edited));
  }
  return path;
}

const units = [
  { name: "the queue's unit", text: unit },
  { name: "the agent's unit", text: agentUnit },
  { name: "the agent's unit, edited as docs/agent.md says", text: agentUnit, edited: dropIn },
];

test.runIf(hasSystemd).each(units)("systemd finds nothing wrong with $name", async ({ text, edited }) => {
  const path = await writeUnit(text, edited);
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", path], { encoding: "utf8" });
  const own = stderr.split("\n").filter((line) => line.includes("runner-queue-test@ci9.service"));
  expect({ status, own }).toEqual({ status: 0, own: [] });
});

test.runIf(hasSystemd).each(units)(
  "systemd calls what $name may do little (3.0 of 10 at most)",
  async ({ text, edited }) => {
    const args = ["security", "--offline=true", "--threshold=30", await writeUnit(text, edited)];
    expect(execFileSync("systemd-analyze", args, { encoding: "utf8" })).toContain("Overall exposure level");
  },
);

test("reload is SIGHUP, and a stop leaves a take the time that it needs", () => {
  expect(settingOf("ExecReload")).toBe("/bin/kill -HUP $MAINPID");
  expect(Number(settingOf("TimeoutStopSec"))).toBeGreaterThan(30);
  // wrong settings end with exit code 1, again and again
  expect(settingOf("Restart")).toBe("on-failure");
  expect(unit).toContain("Environment=CONFIG_FILE=/etc/runner-queue/settings.env");
});

test.each([
  { what: "the agent's unit", text: agentUnit },
  { what: "its edition in docs/agent.md", text: dropIn },
])("$what calls it as its command line wants", ({ text }) => {
  const [, line = ""] = /^ExecStart=\S+ agent ((?:.*\\\n)?.*)$/m.exec(text) ?? [];
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
});

test("an agent is not started again where it was called wrongly, or another one speaks; a stop sees its legs through", () => {
  expect(agentUnit).toContain("RestartPreventExitStatus=2 3");
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(agentUnit)?.[1])).toBeGreaterThan(30);
});
