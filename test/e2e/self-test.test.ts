// The self-test of a healthy queue: it passes, leaves nothing behind, reserves nothing unless told
// to, and can be stopped at any moment. That it notices an unhealthy one is in
// self-test-faults.test.ts.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { checkNames } from "../../scripts/self-test/command.ts";
import { parseCommandLine } from "../../scripts/self-test/command-line.ts";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { startMeddler } from "../support/meddler.ts";
import { startMonitor } from "../support/monitors.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import {
  abandonAfter,
  check,
  loadStates,
  othersThan,
  parseChecked,
  startChecks,
  startSelfTest,
  ticketsOf,
} from "../support/self-test.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

let monitor: SimulatedMonitor;
let service: RunningService;

beforeAll(async () => {
  const profiles = { linux: 20, pair: 2 };
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles });
  service = await startService({ monitors: [monitor], env: { ABANDON_AFTER: abandonAfter } });
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

/** The whole of what was printed. */
function textOf({ lines, stderr }: { lines: readonly string[]; stderr: string }): string {
  return [...lines, stderr].join("\n");
}

test("without --take all checks pass, no monitor is asked to take, every place is given up, and no secret is printed", async () => {
  await using meddler = await startMeddler(service.url);
  const takesBefore = monitor.takes.length;
  const end = await startSelfTest(["--queue", meddler.url, "--profile", "linux", "--abandon-after", abandonAfter], {
    RUNNER_QUEUE_TOKEN: apiToken,
  }).ended;

  expect(end.lines.filter((line) => /^(FAIL|skip)/.test(line))).toEqual([]);
  expect({ exitCode: end.exitCode, stderr: end.stderr }).toEqual({ exitCode: 0, stderr: "" });
  const [last, ...reversed] = end.lines.toReversed();
  expect(last).toMatch(/^7 ok, 0 failed, 0 skipped \(\d+\.\d s\)$/);
  expect(reversed.toReversed().map((line) => line.slice(6, 19).trim())).toEqual(checkNames);
  for (const line of reversed) expect(line).toMatch(/^ok {4}\S.{12} {2}\S.* \(\d+\.\d s\)$/);
  expect(monitor.takes.length).toBe(takesBefore);
  const states = await loadStates(service.url, meddler.passed);
  expect([...new Set(states)].sort()).toEqual(["abandoned", "cancelled"]);
  for (const secret of [apiToken, ...ticketsOf(meddler.passed)]) expect(textOf(end)).not.toContain(secret);
});

test("with --rerun a job gets a runner, is re-run, and gets another one by the same ticket", async () => {
  const end = await check(service.url, ["--rerun", "--only", "re-run"]);
  expect(othersThan("ok", end)).toEqual([]);
  expect(end.checks.map(({ check: name }) => name)).toEqual(["re-run"]);
  expect(end.checks[0]?.seen).toMatch(/^got ci-runner-linux\.\d+@ci0, was re-run, and got ci-runner-linux\.\d+@ci0 by/);
  const without = parseCommandLine(["--queue", service.url, "--profile", "linux", "--only", "re-run"], {
    RUNNER_QUEUE_TOKEN: apiToken,
  });
  expect(without).toMatchObject({ kind: "wrong", why: expect.stringContaining("--only must list some of") });
}, 120_000);

test("with --unique-id the runner is reserved for that very job", async () => {
  const end = await check(service.url, ["--take", "--only", "one-runner", "--unique-id", "7-1-queued-first"]);
  expect(othersThan("ok", end)).toEqual([]);
  expect(monitor.reservedFor("7-1-queued-first")).toHaveLength(1);
}, 120_000);

test("with --take runners are reserved, exactly those of three jobs, and every line of --json is an object", async () => {
  await using meddler = await startMeddler(service.url);
  const takesBefore = monitor.takes.length;
  const end = await check(meddler.url, ["--take"]);

  expect(othersThan("ok", end)).toEqual([]);
  expect(end).toMatchObject({ exitCode: 0, stderr: "", sum: { ok: 7, failed: 0, skipped: 0 } });
  const { checks } = end;
  expect(checks.map(({ check: name }) => name)).toEqual(checkNames);
  const seen = new Map(checks.map((one) => [one.check, one.seen]));
  expect(seen.get("one runner")).toMatch(/^enqueued at position \d, got ci-runner-linux\.\d+@ci0 after \d/);
  expect(seen.get("three at once")).toMatch(/, got (ci-runner-linux\.\d+@ci0, ){2}ci-runner-linux\.\d+@ci0 after \d/);
  const counts = monitor.takes.slice(takesBefore).map(({ count }) => count);
  expect(counts.sort()).toEqual([1, 1, 3]);
  const states = await loadStates(service.url, meddler.passed);
  expect([...new Set(states)].sort()).toEqual(["abandoned", "cancelled", "taken"]);
});

test.skipIf(!hasRedis)("a queue on Redis passes as well", async () => {
  await using redis = await startRedis();
  const own = await startMonitor({ profiles: { linux: 5 } });
  await using queue = await startService({
    monitors: [own],
    env: { ABANDON_AFTER: abandonAfter },
    redisUrl: redis.url,
  });
  const end = await check(queue.url, ["--take"]);
  expect(othersThan("ok", end)).toEqual([]);
  expect(end).toMatchObject({ exitCode: 0, sum: { ok: 7, failed: 0, skipped: 0 } });
});

test("what a small fleet or a small limit cannot show is skipped, with a word, and is no failure", async () => {
  const pair = await check(service.url, ["--only", "three-at-once,one runner"], "pair");
  expect(pair).toMatchObject({ exitCode: 0, sum: { ok: 1, failed: 0, skipped: 1 } });
  expect(pair.checks.map(({ check: name, outcome }) => [name, outcome])).toEqual([
    ["one runner", "ok"],
    ["three at once", "skipped"],
  ]);
  expect(pair.checks[1]?.seen).toMatch(/^422 unsatisfiable: .*The monitors keep 2 of them in all/);

  await using little = await startService({ monitors: [monitor], env: { MAX_RUNNER_COUNT: "2" } });
  await using meddler = await startMeddler(little.url);
  const { exitCode, checks } = await check(meddler.url, ["--only", "three at once,unsatisfiable"]);
  expect(exitCode).toBe(0);
  expect(checks.map(({ outcome, seen }) => [outcome, seen])).toEqual([
    ["skipped", "no job may ask for more runners than 2 here"],
    ["skipped", "the fleet keeps 2 runners, and no job may ask for more"],
  ]);
  expect(await loadStates(little.url, meddler.passed)).toEqual(["cancelled"]);
});

test("a path before the queue's own and slashes at the end of --queue make no difference", async () => {
  await using meddler = await startMeddler(service.url, {
    request: (request) => ({ ...request, path: request.path.replace(/^\/of\/mine\//, "/") }),
  });
  const end = await check(`${meddler.url}/of/mine//`, ["--only", "reachable,one runner,unauthorised"]);
  expect(othersThan("ok", end)).toEqual([]);
  expect(end.exitCode).toBe(0);
  expect(meddler.passed.every(({ path }) => path.startsWith("/of/mine/"))).toBe(true);
});

test("Ctrl-C gives up a place that waits to be abandoned, and one that waits for its runner; the lines are still printed", async () => {
  const own = await startMonitor({ profiles: { linux: 1 } });
  await using queue = await startService({ monitors: [own] });
  const holder = await enqueueForTicket(queue.url, { profile: "linux", uniqueId: "holder" });
  await takeUntilDone(queue.url, "holder", holder);
  const bothWait = Promise.withResolvers<void>();
  const waiting = new Set<string>();
  await using meddler = await startMeddler(queue.url, {
    reply: (reply, { method, path }) => {
      if (method === "GET" && path.startsWith("/jobs/")) waiting.add("shown");
      if (path.startsWith("/take/") && reply.status === 503) waiting.add("in line");
      if (waiting.size === 2) bothWait.resolve();
      return reply;
    },
  });
  const run = startSelfTest(
    ["--queue", meddler.url, "--profile", "linux", "--take", "--only", "one runner,abandoned", "--json"],
    { RUNNER_QUEUE_TOKEN: apiToken },
  );
  await bothWait.promise;
  run.send("SIGINT");

  const { exitCode, stderr, checks, sum } = parseChecked(await run.ended);
  expect({ exitCode, stderr, sum }).toMatchObject({ exitCode: 1, stderr: "", sum: { failed: 2 } });
  expect(checks.map(({ seen }) => seen)).toEqual(["interrupted before its end", "interrupted before its end"]);
  expect(await loadStates(queue.url, meddler.passed)).toEqual(["cancelled", "cancelled"]);
});

test("Ctrl-C while an enqueue is under way, and a ticket that is lost on its way, leave no place behind", async () => {
  const held = new Set<string>();
  const bothHeld = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  await using slow = await startMeddler(service.url, {
    reply: async (reply, { path }) => {
      const what = /healthz|enqueue/.exec(path)?.[0];
      if (what === undefined) return reply;
      if (held.add(what).size === 2) bothHeld.resolve();
      await released.promise;
      return reply;
    },
  });
  const run = startChecks(slow.url, ["--only", "reachable,one runner"]);
  await bothHeld.promise;
  run.send("SIGINT");
  // The other check is over: it has heard of the signal. The ticket is still on its way.
  expect(await run.firstLine).toContain("interrupted before its end");
  released.resolve();
  expect((await run.ended).exitCode).toBe(1);
  expect(await loadStates(service.url, slow.passed)).toEqual(["cancelled"]);

  await using lossy = await startMeddler(service.url, {
    reply: (reply, { path }) => (path.includes("/enqueue") ? "cut" : reply),
  });
  const { exitCode, checks } = await check(lossy.url, ["--only", "one runner"]);
  expect(exitCode).toBe(1);
  expect(checks[0]?.seen).toMatch(/^enqueue got no reply: the connection broke \(\w+\)$/);
  expect(await loadStates(service.url, lossy.passed)).toEqual(["cancelled"]);
});

test("a take that waits longer than --timeout fails, says how it stood, and gives the place up", async () => {
  const own = await startMonitor({ profiles: { linux: 1 } });
  await using queue = await startService({ monitors: [own] });
  const holder = await enqueueForTicket(queue.url, { profile: "linux", uniqueId: "holder" });
  await takeUntilDone(queue.url, "holder", holder);
  await using meddler = await startMeddler(queue.url);
  const { exitCode, checks } = await check(meddler.url, ["--take", "--only", "one runner", "--timeout", "6s"]);
  expect(exitCode).toBe(1);
  const asPromised = /^not done within 6 s \(--timeout\): take was last answered 503 no_capacity, position 1$/;
  expect(checks[0]?.seen).toMatch(asPromised);
  expect(await loadStates(queue.url, meddler.passed)).toEqual(["cancelled"]);
});

test("a queue that is down, hangs, or is elsewhere fails every check with a sentence and exit code 1", async () => {
  const silent = createServer(() => {});
  const moved = createServer((_, response) => response.writeHead(301, { location: "https://example.org/" }).end());
  const down = createServer();
  const urls: string[] = [];
  for (const server of [silent, moved, down]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => void server.close().closeAllConnections());
  }
  down.close();
  await once(down, "close");

  const all = checkNames.join(",");
  const withoutAbandoned = checkNames.filter((name) => name !== "abandoned").join(",");
  const [hangs, elsewhere, gone] = await Promise.all([
    check(urls[0]!, ["--only", withoutAbandoned, "--timeout", "500ms"]),
    check(urls[1]!, ["--only", all]),
    check(urls[2]!, ["--only", all]),
  ]);
  expect(hangs).toMatchObject({ exitCode: 1, stderr: "", sum: { ok: 0, failed: 6, skipped: 0 } });
  for (const { seen } of hangs.checks) expect(seen).toMatch(/got no reply: none within 0\.5 s|not done within 0\.5 s/);
  expect(elsewhere).toMatchObject({ exitCode: 1, stderr: "", sum: { ok: 0, failed: 7, skipped: 0 } });
  for (const { seen } of elsewhere.checks) expect(seen).toMatch(/ was answered 301: the queue is elsewhere/);
  expect(gone).toMatchObject({ exitCode: 1, stderr: "", sum: { ok: 0, failed: 7, skipped: 0 } });
  for (const { seen } of gone.checks) expect(seen).toMatch(/ got no reply: the connection was refused$/);
});

test("--help explains itself and warns of --token; a wrong call exits with 2, one sentence, nothing on stdout, and no token", async () => {
  const help = await startSelfTest(["--help"]).ended;
  expect(help).toMatchObject({ exitCode: 0, stderr: "" });
  for (const name of checkNames) expect(textOf(help)).toContain(name.replaceAll(" ", "-"));
  expect(textOf(help)).toContain("shows in the list of processes");

  const where = ["--queue", "http://127.0.0.1:1", "--profile", "linux"];
  const secret = "a-very-secret-token";
  const wrong: [args: string[], why: RegExp, token?: string][] = [
    [where, /^The token is missing: set RUNNER_QUEUE_TOKEN/],
    [where, /^The token holds a space/, "two words"],
    [["--profile", "linux", "--token", secret], /^--queue must be/],
    [["--queue", `http://me:${secret}@127.0.0.1`, "--profile", "linux"], /^--queue must be/, secret],
    [["--queue", "ftp://127.0.0.1", "--profile", "linux"], /^--queue must be/, secret],
    [["--queue", "http://127.0.0.1:1"], /^--profile must be/, secret],
    [[...where, secret], /^There is an argument that belongs to no option/, secret],
    [[...where, "--tkoen", secret], /^Unknown option '--tkoen'/, secret],
    [[...where, "--only", "everything"], /^--only must list some of reachable, one runner/, secret],
    [[...where, "--abandon-after", "soon"], /^--abandon-after must be a time/, secret],
    [[...where, "--timeout", "30s"], /^--timeout is too short for the check "abandoned"/, secret],
    [[...where, "--repo", "mine"], /^--repo must be owner\/repo/, secret],
    [[...where, "--run-id", "one"], /^--run-id must be/, secret],
  ];
  for (const [args, why, token] of wrong) {
    const read = parseCommandLine(args, token === undefined ? {} : { RUNNER_QUEUE_TOKEN: token });
    expect(read).toMatchObject({ kind: "wrong", why: expect.stringMatching(why) });
    for (const kept of [secret, "\\n"]) expect(JSON.stringify(read)).not.toContain(kept);
  }
  const end = await startSelfTest([...where, secret], { RUNNER_QUEUE_TOKEN: secret }).ended;
  expect(end).toMatchObject({ exitCode: 2, lines: [] });
  expect(end.stderr).toBe("There is an argument that belongs to no option. (--help says more.)\n");
});
