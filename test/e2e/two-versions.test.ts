// An upgrade by turns: an instance of an earlier version and one of this version share a Redis, and
// nobody can tell which of them answers. docs/versions.md promises it. The earlier version comes
// from this repository's own history.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { cancel, enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { startMonitor } from "../support/monitors.ts";
import { startRedis } from "../support/redis-server.ts";
import { apiToken, monitorsSetting, monitorToken, startService } from "../support/service.ts";

const root = join(import.meta.dirname, "../..");
/**
 * The last one before 1.0 that had no limits per run, and knew nothing of GitHub's events. A
 * shallow clone has it not.
 */
const earlier = "d4e05cbd6c85e6feb2b81588f843abd6171ac325";
const hasEarlier = spawnSync("git", ["cat-file", "-e", `${earlier}:src/main.ts`], { cwd: root }).status === 0;

/**
 * The earlier version's URL; it runs until the test is over, and what it logs as an error is
 * collected.
 */
async function startEarlier(env: Readonly<Record<string, string>>, errors: unknown[]): Promise<string> {
  const directory = await createTestDirectory();
  const files = execFileSync("git", ["archive", earlier, "src", "package.json"], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  execFileSync("tar", ["-x", "-C", directory], { input: files });
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  const child = spawn(process.execPath, [join(directory, "src/main.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH ?? "", PORT: "0", API_TOKENS: apiToken, MONITOR_API_TOKEN: monitorToken, ...env },
  });
  endWithUs(child);
  const ended = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return await new Promise((resolve, reject) => {
    child.once("close", () => reject(new Error("the earlier version ended")));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { msg, level, port } = JSON.parse(line) as { msg: string; level: string; port?: number };
      if (level === "error") errors.push(line);
      if (msg === "listening") resolve(`http://127.0.0.1:${port}`);
    });
  });
}

test.runIf(hasEarlier)(
  "jobs enqueued at one version are served, shown in one order, replayed and cancelled at the other, and neither complains",
  async () => {
    await using redis = await startRedis();
    const serving = await startMonitor({
      name: "ci0",
      habits: { startsAfterMs: 50, busyForMs: 50, rebornAfterMs: 50 },
    });
    const full = await startMonitor({
      name: "ci1",
      profiles: { mac: 1 },
      habits: { startsAfterMs: null, reservedForMs: 3_600_000 },
    });
    const errors: unknown[] = [];
    const settings = {
      MONITORS: monitorsSetting([serving, full]),
      REDIS_URL: redis.url,
      MONITOR_POLL_INTERVAL: "100ms",
    };
    const earlierUrl = await startEarlier(settings, errors);
    await using service = await startService({ monitors: [serving, full], redisUrl: redis.url });
    const urls = [earlierUrl, service.url] as const;
    const [here, there] = [(at: number) => urls[at % 2] ?? "", (at: number) => urls[(at + 1) % 2] ?? ""];

    for (let at = 0; at < 6; at += 1) {
      const ticket = await enqueueForTicket(here(at), { profile: "linux", uniqueId: `job-${at}` });
      const answer = await takeUntilDone(there(at), `job-${at}`, ticket);
      expect(answer.status).toBe(200);
      expect((await take(here(at), `job-${at}`, ticket)).text).toBe(answer.text);
    }

    const first = await enqueueForTicket(earlierUrl, { profile: "mac", uniqueId: "first" });
    expect((await takeUntilDone(service.url, "first", first)).status).toBe(200);
    const positions: (string | null)[] = [];
    const tickets: string[] = [];
    for (let at = 0; at < 4; at += 1) {
      tickets.push(await enqueueForTicket(here(at), { profile: "mac", uniqueId: `waits-${at}` }));
      positions.push((await take(there(at), `waits-${at}`, tickets[at] ?? "")).headers.get("x-queue-position"));
    }
    expect(positions).toEqual(["1", "2", "3", "4"]);
    for (let at = 0; at < 4; at += 1) {
      expect((await cancel(there(at), `waits-${at}`, tickets[at] ?? "")).status).toBe(200);
      expect((await take(here(at), `waits-${at}`, tickets[at] ?? "")).status).toBe(404);
    }
    expect([...errors, ...service.logLines().filter(({ level }) => level === "error")]).toEqual([]);
  },
  120_000,
);
