// `npm run check-monitor` as the owner of a monitor runs it: a good one passes, and each thing that
// one does not keep is said in words.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import type { Faults, Habits } from "../../scripts/simulated-fleet/habits-and-faults.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { documentedExample } from "../support/documented-example.ts";
import { startMonitor } from "../support/monitors.ts";
import { monitorToken, startService } from "../support/service.ts";

const script = fileURLToPath(new URL("../../scripts/check-monitor.ts", import.meta.url));

interface End {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<End> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH ?? "", ...env } };
    execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ exitCode, stdout, stderr });
    });
  });
}

interface Sum {
  readonly ok: number;
  readonly notes: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What the checks of a monitor come to, with --take. */
async function checkMonitor(url: string, token = monitorToken) {
  const end = await run([url, "--take", "--json"], { MONITOR_API_TOKEN: token });
  const lines = end.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; check: string; outcome: string; seen: string });
  const outcomes = new Map(lines.filter(({ event }) => event === "check").map((one) => [one.check, one]));
  return { ...end, outcomes, sum: lines.at(-1) as unknown as Sum };
}

test("a monitor like the real ones passes, and what the queue copes with is a note", async () => {
  const monitor = await startMonitor({ profiles: { linux: 5 } });
  const { exitCode, outcomes, sum } = await checkMonitor(monitor.url);
  expect({ exitCode, sum }).toMatchObject({ exitCode: 0, sum: { ok: 7, notes: 2, failed: 0, skipped: 0 } });
  expect(outcomes.get("evidence")?.seen).toMatch(/^the dashboard shows runner \S+ as reserved for it$/);
});

test("the example of docs/monitors.md keeps all of it, without a note, and serves a job", async () => {
  const example = documentedExample("monitors.md", "## One that is called, in forty lines");
  expect(example.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
  const child = spawn(process.execPath, ["--input-type=module", "-e", example], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH ?? "", TOKEN: monitorToken, PORT: "0" },
  });
  endWithUs(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { exitCode, outcomes, sum } = await checkMonitor(url);
  expect([...outcomes.values()].filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  expect({ exitCode, sum }).toMatchObject({ exitCode: 0, sum: { ok: 9 } });
  await using service = await startService({ monitors: `ci0=${url}` });
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "job" });
  const [runner] = JSON.parse((await takeUntilDone(service.url, "job", ticket)).text) as [{ id: string }];
  const shown = (await (await fetch(`${url}/dashboard.json`)).json()) as { runners: (typeof runner)[] };
  expect(shown.runners).toContainEqual(runner);
});

test.each<[what: string, given: { faults?: Partial<Faults>; habits?: Partial<Habits> }, check: string, words: RegExp]>([
  [
    "answers a dashboard that is none",
    { faults: { dashboard: "garbage" } },
    "dashboard",
    /is no JSON that the queue reads/,
  ],
  ["answers 500 to the dashboard", { faults: { dashboard: "error500" } }, "dashboard", /answered 500, not 200/],
  ["cuts connections", { faults: { dashboard: "reset" } }, "dashboard", /got no reply: the connection broke/],
  ["answers takes with garbage", { faults: { take: "garbage" } }, "take", /answered 200: not_json/],
  [
    "reserves more than it was asked for",
    { faults: { take: "tooMany" } },
    "evidence",
    /2 runners are shown as reserved for one take/,
  ],
])("a monitor that %s fails, in words", async (_, { faults, habits }, check, words) => {
  const monitor = await startMonitor({ profiles: { linux: 5 }, ...(habits !== undefined && { habits }) });
  Object.assign(monitor.faults, faults);
  const { exitCode, outcomes } = await checkMonitor(monitor.url);
  expect(outcomes.get(check)).toMatchObject({ outcome: "failed", seen: expect.stringMatching(words) });
  expect(exitCode).toBe(1);
});

test("a monitor without the route that evidence waits behind passes, with a note on what it costs", async () => {
  const monitor = await startMonitor({ profiles: { linux: 5 }, habits: { overrideRoute: false } });
  const { exitCode, outcomes } = await checkMonitor(monitor.url);
  expect(outcomes.get("barrier")).toMatchObject({ outcome: "note", seen: expect.stringContaining("30 s longer") });
  expect(exitCode).toBe(0);
});

test("a wrong token is named as what it is, and is never printed", async () => {
  const monitor = await startMonitor({ profiles: { linux: 1 } });
  const token = "some-other-monitors-token";
  const { exitCode, outcomes, stdout, stderr } = await checkMonitor(monitor.url, token);
  expect(outcomes.get("unknown profile")?.seen).toContain("check the token");
  expect(exitCode).toBe(1);
  expect(stdout + stderr).not.toContain(token);
});

test("without --take no take of a profile that exists is sent with the right bearer", async () => {
  const monitor = await startMonitor({ profiles: { linux: 2 } });
  const folder = await mkdtemp(join(tmpdir(), "check-monitor-"));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  await writeFile(join(folder, "token"), `${monitorToken}\n`);
  const { exitCode, stdout } = await run([monitor.url, "--token-file", join(folder, "token")], {});
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^skip {2}take +without --take no runner is reserved$/m);
  const shown = (await (await fetch(`${monitor.url}/dashboard.json`)).json()) as {
    profile_runner_counts: { linux: { idle: number } };
  };
  expect(shown.profile_runner_counts.linux.idle).toBe(2);
});

test.each([
  [[], "Give one URL"],
  [["http://127.0.0.1:1", "more"], "Give one URL"],
  [["http://user:secret-word@127.0.0.1:1"], "without user, password and query"],
  [["http://127.0.0.1:1", "--token-file", "/no/such/file"], "cannot be read"],
  [["http://127.0.0.1:1"], "The token is missing"],
])("called wrongly (%j) it says so and exits with 2", async (args, words) => {
  const { exitCode, stderr } = await run(args, {});
  expect(exitCode).toBe(2);
  expect(stderr).toContain(words);
  expect(stderr).not.toContain("secret-word");
});
