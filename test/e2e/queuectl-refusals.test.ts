// The operator's command line where it is called wrongly, where the queue says no, and where there
// is no queue: always one sentence, and an exit code that scripts can go by.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseCommandLine } from "../../scripts/queuectl/command-line/command-line.ts";
import { type CommandName, manual } from "../../scripts/queuectl/command-line/manual.ts";
import { renderUsage } from "../../scripts/queuectl/command-line/usage.ts";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { startMeddler } from "../support/meddler.ts";
import { startMonitor } from "../support/monitors.ts";
import { callQueuectl, linesOf, refusalOf, sentenceOf, startQueuectl } from "../support/queuectl.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

let monitor: SimulatedMonitor;
let service: RunningService;

beforeAll(async () => {
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
  service = await startService({ monitors: [monitor] });
  const holder = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "holder" });
  await takeUntilDone(service.url, "holder", holder);
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

test("an unknown monitor, profile or job, a note that is none, and a time that is over are refused with a sentence", async () => {
  const refusals: [args: string[], sentence: RegExp][] = [
    [["drain", "ci9", "--note", "x"], /^The queue said no: 404 monitor_unknown: No monitor of this name/],
    [["resume", "ci9"], /404 monitor_unknown/],
    [["pause", "beos", "--note", "x"], /^The queue said no: 404 profile_unknown: No monitor and no job ever/],
    [["unpause", "beos"], /404 profile_unknown/],
    [["jobs", "--profile", "beos"], /^No monitor and no job ever named this profile\.$/],
    [["expedite", "holder", "--note", "x"], /^The queue said no: 409 job_over/],
    [["cancel", "nobody"], /^The queue said no: 404 job_unknown: No job with this unique_id/],
    [["cancel", "holder"], /^The queue said no: 409 job_taken: The job's runners are reserved/],
    [["drain", "ci0", "--note", "\u001b[31mred"], /400 malformed_parameter: .*\(note: one line of plain text\)/],
    [["drain", "ci0", "--note", "x", "--until", "2001-01-01T00:00:00Z"], /400 malformed_parameter.*until/],
  ];
  const said = await Promise.all(refusals.map(([args]) => refusalOf(service.url, ...args)));
  for (const [at, sentence] of said.entries()) expect(sentence).toMatch(refusals[at]![1]);
  expect((await linesOf(service.url, "status")).at(-1)).toMatch(/^ci0 +fresh +\d +1 +-$/);
});

test("a queue that is down, elsewhere, behind a broken proxy, no queue at all or without its store is told in one sentence", async () => {
  const replies: [status: number, headers: Record<string, string>, body: string, sentence: RegExp][] = [
    [301, { location: "https://example.org/" }, "", /was answered 301: the queue is elsewhere/],
    [502, { "content-type": "text/html" }, "<h1>Bad</h1>", /was answered 502, but not as a queue does/],
    [200, { "content-type": "text/html" }, "<h1>Hi</h1>", /was answered 200 as text\/html, not as application\/json/],
    [
      200,
      { "content-type": "application/json" },
      '{"at":"now"}',
      /was answered 200 with unexpected JSON \(see its "at"\)$/,
    ],
    [503, { "x-queue-reason": "store_unavailable" }, "", /was answered 503 store_unavailable\.$/],
  ];
  for (const [status, headers, body, sentence] of replies) {
    await using meddler = await startMeddler(service.url, { reply: () => ({ status, headers, body }) });
    expect(await refusalOf(meddler.url, "status")).toMatch(sentence);
  }
  await using cut = await startMeddler(service.url, { reply: () => "cut" });
  expect(await refusalOf(cut.url, "resume", "ci8")).toMatch(
    /the connection broke \(\w+\)\. It may be done all the same/,
  );

  const down = createServer().listen(0, "127.0.0.1");
  await once(down, "listening");
  const url = `http://127.0.0.1:${(down.address() as AddressInfo).port}`;
  down.close();
  await once(down, "close");
  for (const command of [["status"], ["watch"], ["drain", "ci0", "--note", "x"]]) {
    expect(await refusalOf(url, ...command)).toBe(`There is no reply from ${url}: the connection was refused.`);
  }
});

test("a monitor's URL given as the queue's is called that, by every command that looks", async () => {
  for (const command of ["status", "jobs", "monitors", "watch"]) {
    expect(await refusalOf(monitor.url, command), command).toBe(
      `${monitor.url} is a monitor, not a queue: give the queue's URL to --queue.`,
    );
  }
  expect(await refusalOf(monitor.url, "drain", "ci0", "--note", "x")).toMatch(/check --queue|40\d/);
});

test.skipIf(!hasRedis)("a queue whose Redis is gone says so, and nothing is pretended", async () => {
  const own = await startMonitor();
  await using redis = await startRedis();
  await using queue = await startService({ monitors: [own], redisUrl: redis.url });
  await redis.kill();
  expect(await refusalOf(queue.url, "drain", "ci0", "--note", "x")).toContain("503 store_unavailable");
  expect(await refusalOf(queue.url, "status")).toContain("503 store_unavailable");
});

test("--help, whole and per command, names every option and warns of --token; docs/queuectl.md names them all too", async () => {
  const { exitCode, stdout, stderr } = await callQueuectl(["drain", "--help"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout.trimEnd()).toBe(renderUsage("drain"));
  const whole = (await startQueuectl(["--help"]).ended).stdout.trimEnd();
  expect(whole).toBe(renderUsage(null));

  const document = await readFile(new URL("../../docs/queuectl.md", import.meta.url), "utf8");
  for (const name of Object.keys(manual) as CommandName[]) {
    expect(parseCommandLine([name, "--help"], {})).toEqual({ kind: "help", of: name });
    const help = renderUsage(name);
    for (const option of [...manual[name].options, "queue", "token", "json", "help"]) {
      expect(help).toContain(`--${option}`);
      expect(document).toContain(`--${option}`);
    }
    expect(help).toContain("token on the command line shows in the list of processes");
    expect(help.split("\n").every((line) => line.length <= 140)).toBe(true);
    expect(whole).toContain(`  ${name} `);
    expect(document).toContain(`queuectl -- ${name}`);
  }
});

test("a wrong call exits with 2 and one sentence, asks nothing, and never repeats the token", async () => {
  const secret = "a-very-secret-token";
  const wrong: [args: string[], why: RegExp, env?: NodeJS.ProcessEnv][] = [
    [[], /^Which command\? There are status, jobs/],
    [[secret], /^There is no such command\. There are status, jobs/],
    [["status", secret], /^There is an argument too many for status/],
    [["drain", "ci0", secret, "--note", "x"], /^There is an argument too many for drain/],
    [["drain", "--note", "x"], /^drain what\? Say drain <monitor>/],
    [["drain", "ci0"], /^--note is missing/],
    [["pause", "linux", "--note", " "], /^--note is missing/],
    [["drain", "..", "--note", "x"], /^<monitor> must be 1 to 64 of/],
    [["pause", "a/b", "--note", "x"], /^<profile> must be/],
    [["run", "one"], /^<run_id> must be 1 to 20 digits/],
    [["expedite", "a"], /^--note is missing/],
    [["completion", "csh"], /^<shell> must be bash, zsh or fish/],
    [["cancel", "a b"], /^<unique_id> must be 1 to 128 of/],
    [["drain", "ci0", "--note", "x", "--until", "soon"], /^--until must be a time/],
    [["drain", "ci0", "--note", "x", "--until", "2026-01-31"], /^--until must be a time/],
    [["resume", "ci0", "--until", "2h"], /^resume knows no --until/],
    [["status", "--profile", "linux"], /^status knows no --profile/],
    [["status", "--tkoen", secret], /^Unknown option '--tkoen'/],
    [["status", "--all=yes"], /^Option '--all' does not take an argument/],
    [["history", "--run", "one"], /^--run must be 1 to 20 digits/],
    [["history", "--repo", "mine"], /^--repo must be owner\/repo/],
    [["history", "--id", ".."], /^--id must be/],
    [["history", "--limit", "0"], /^--limit must be a whole number from 1 to 2000/],
    [["history", "--limit", "2001"], /^--limit must be/],
    [["history", "--since", "yesterday"], /^--since must be a time such as 10m/],
    [["status", "--queue", `http://me:${secret}@127.0.0.1`], /^--queue \(or RUNNER_QUEUE_URL\) must be/],
    [["status"], /^--queue \(or RUNNER_QUEUE_URL\) must be/, { RUNNER_QUEUE_URL: "localhost:8002" }],
    [["history"], /^The token is missing: set RUNNER_QUEUE_TOKEN/, { RUNNER_QUEUE_TOKEN: "" }],
    [["history"], /^The token holds a space/, { RUNNER_QUEUE_TOKEN: `${secret} ${secret}` }],
  ];
  const given = { RUNNER_QUEUE_TOKEN: secret, RUNNER_QUEUE_URL: "http://127.0.0.1:1" };
  for (const [args, why, env] of wrong) {
    expect(parseCommandLine(args, { ...given, ...env })).toEqual({ kind: "wrong", why: expect.stringMatching(why) });
    expect(JSON.stringify(parseCommandLine(args, { ...given, ...env }))).not.toContain(secret);
  }
  for (const call of [
    callQueuectl,
    (args: readonly string[], env: NodeJS.ProcessEnv) => startQueuectl(args, env).ended,
  ]) {
    expect(sentenceOf(await call([secret], given), 2)).toMatch(/^There is no such command\./);
  }
});
