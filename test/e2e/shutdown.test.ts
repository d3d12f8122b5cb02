// How the process begins and ends: a polite end loses nothing that is under way, a second signal is
// obeyed at once, and a service that is set up wrongly says all that is wrong and nothing that is
// secret.
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { spawnService } from "../../scripts/service-process.ts";
import { curlTake, enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { nextTake, startMonitor } from "../support/monitors.ts";
import { createPullingMonitor, type Fetched } from "../support/pulling-monitor.ts";
import { startRedis } from "../support/redis-server.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

const isDraining = ({ msg }: { readonly msg?: unknown }) => msg === "draining";

async function startTakeInFlight(service: RunningService, monitor: Parameters<typeof nextTake>[0]) {
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "job" });
  const asked = nextTake(monitor);
  const reply = take(service.url, "job", ticket);
  reply.catch(() => {});
  await asked;
  return { ticket, reply };
}

test("SIGTERM during a take: not ready any more first, then the take still gets its runner, then exit code 0", async () => {
  const monitor = await startMonitor({ faults: { takeDelayMs: 2500 } });
  await using service = await startService({ monitors: [monitor] });
  const file = join(await createTestDirectory(), "runner.json");
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "job" });
  const asked = nextTake(monitor);
  let isAnswered = false;
  const answer = curlTake(service.url, "job", ticket, file).finally(() => {
    isAnswered = true;
  });
  await asked;

  const exitCode = service.stop();
  await service.onLog(isDraining);
  const readiness = await fetch(`${service.url}/readyz`);
  expect(readiness.status).toBe(503);
  expect(readiness.headers.get("x-queue-reason")).toBe("draining");
  expect(await readiness.text()).toBe("");
  expect(isAnswered).toBe(false);

  // No try failed on the way: curl would have said so.
  expect(await answer).toMatchObject({ exitCode: 0, stderr: "" });
  expect(monitor.reservedFor("job").map((runner) => runner.id)).toEqual(runnerIdsIn(await answer));
  expect(await exitCode).toBe(0);
  expect(service.process.stderr()).toBe("");
});

test("SIGTERM during a take of a client that keeps connections alive: exit as soon as it is answered", async () => {
  const monitor = await startMonitor({ faults: { takeDelayMs: 1000 } });
  await using service = await startService({ monitors: [monitor] });
  const { reply } = await startTakeInFlight(service, monitor);
  const exitCode = service.stop();
  expect((await reply).status).toBe(200);
  const answeredAt = performance.now();
  expect(await exitCode).toBe(0);
  // whoever stays connected is cut off after ten seconds
  expect(performance.now() - answeredAt).toBeLessThan(9_000);
});

test("SIGTERM waits for no connection that has never said a word", async () => {
  await using service = await startService({ monitors: "ci0=pull" });
  const { hostname, port } = new URL(service.url);
  const silent = connect(Number(port), hostname).on("error", () => {});
  onTestFinished(() => void silent.destroy());
  await once(silent, "connect");
  const exitCode = service.stop();
  await service.onLog(isDraining);
  const drainingAt = performance.now();
  expect(await exitCode).toBe(0);
  // whoever stays connected is cut off after ten seconds
  expect(performance.now() - drainingAt).toBeLessThan(9_000);
});

test("SIGTERM during a take that outlasts the drain: its client is told to come back, not cut off, and the answer is kept", async () => {
  const monitor = await startMonitor({ faults: { takeDelayMs: 11_000 } });
  await using redis = await startRedis();
  await using leaving = await startService({ monitors: [monitor], redisUrl: redis.url });
  await using staying = await startService({ monitors: [monitor], redisUrl: redis.url });
  const { ticket, reply } = await startTakeInFlight(leaving, monitor);
  const exitCode = leaving.stop();
  expect((await reply).headers.get("x-queue-reason")).toBe("claim_in_flight");
  expect(await exitCode).toBe(0);
  const answer = await takeUntilDone(staying.url, "job", ticket);
  expect(monitor.reservedFor("job").map((runner) => runner.id)).toEqual(runnerIdsIn(answer));
});

test("a second signal ends it at once, whatever is under way", async () => {
  const monitor = await startMonitor({ faults: { takeDelayMs: 60_000 } });
  await using service = await startService({ monitors: [monitor] });
  await startTakeInFlight(service, monitor);
  service.process.send("SIGTERM");
  await service.onLog(isDraining);

  // the first signal alone would end it with 0
  expect(await service.stop()).toBe(1);
});

test("stdout holds JSON lines and nothing else, and no token or ticket, through good times, bad times and the end", async () => {
  const monitor = await startMonitor({
    profiles: { linux: 2 },
    faults: { take: "error500", times: 1, dashboard: "badRunner" },
  });
  const dead = await startMonitor({ name: "dead" });
  await dead.stopListening();
  const env = { LOG_LEVEL: "trace" };
  await using service = await startService({ monitors: [monitor, dead], env });
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "job" });
  expect((await takeUntilDone(service.url, "job", ticket)).status).toBe(200);
  expect((await take(service.url, "job", "no-ticket")).status).toBe(403);
  expect((await fetch(`${service.url}/nowhere?token=${apiToken}`)).status).toBe(404);
  expect(await service.stop()).toBe(0);

  expect(service.process.strayLines).toEqual([]);
  expect(service.process.stderr()).toBe("");
  for (const line of service.logLines())
    expect(line).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
  const all = JSON.stringify(service.logLines());
  for (const secret of [apiToken, monitorToken, ticket]) expect(all).not.toContain(secret);
});

test("a bad environment: every problem at once, in words, on stderr, exit code 1, no secret shown and nothing started", async () => {
  const service = spawnService({
    PORT: "eighty",
    MONITORS: "ci0=ftp://user:hunter2@example.org",
    API_TOKENS: "hunter2 with spaces",
    GITHUB_APP_PRIVATE_KEY: "-----BEGIN hunter2-----",
    REDIS_URL: "http://:hunter2@redis",
    ABANDON_AFTER: "soon",
    MAX_ATTEMPTS: "0",
    POLICY_FILE: "/dev/null",
    LOG_LEVEL: "chatty",
  });
  expect(await service.ended).toBe(1);
  const [title, ...problems] = service.stderr().trimEnd().split("\n");
  expect(title).toBe("runner-queue cannot start:");
  const named = problems.map((problem) => /^ {2}([A-Z_]+) /.exec(problem)?.[1]);
  expect(named).toEqual(
    expect.arrayContaining([
      "PORT",
      "MONITORS",
      "API_TOKENS",
      "REDIS_URL",
      "ABANDON_AFTER",
      "MAX_ATTEMPTS",
      "POLICY_FILE",
      "LOG_LEVEL",
      "GITHUB_APP_ID",
    ]),
  );
  expect(service.stderr()).not.toContain("hunter2");
  expect([service.logLines, service.strayLines]).toEqual([[], []]);
});

test("an empty environment names what is required", async () => {
  const service = spawnService({});
  expect(await service.ended).toBe(1);
  expect(service.stderr()).toMatch(
    /^runner-queue cannot start:\n {2}MONITORS is required.*\n {2}API_TOKENS is required.*\n$/,
  );
});

test("a port that is taken: said in words, exit code 1", async () => {
  const occupier = createServer();
  await new Promise<void>((resolve) => occupier.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void occupier.close());
  const { port } = occupier.address() as AddressInfo;
  const service = spawnService({ MONITORS: "http://127.0.0.1:1", API_TOKENS: apiToken, PORT: String(port) });
  expect(await service.ended).toBe(1);
  expect(service.stderr()).toContain(
    `runner-queue cannot listen on 127.0.0.1:${port}: something listens there already`,
  );
  expect(service.strayLines).toEqual([]);
});

test("SIGTERM with viewers of the live view: their streams end, and nobody waits for them", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor] });
  const streams = await Promise.all(["/events", "/events?as=html"].map((path) => fetch(service.url + path)));
  const stopped = service.stop();
  for (const stream of streams) expect(await stream.text()).toContain("event: dashboard");
  const begun = performance.now();
  expect(await stopped).toBe(0);
  // whoever stays connected is cut off after ten seconds
  expect(performance.now() - begun).toBeLessThan(9_000);
});

test("LOG_FORMAT=pretty writes one line per event for people, and no JSON", async () => {
  const service = spawnService({ MONITORS: "http://127.0.0.1:9", API_TOKENS: apiToken, LOG_FORMAT: "pretty" });
  const isListening = () => service.strayLines.some((line) => line.includes("INFO: listening"));
  await expect.poll(() => isListening() || !service.isRunning()).toBe(true);
  service.send("SIGTERM");
  expect(await service.ended).toBe(0);
  expect(service.logLines).toEqual([]);
  for (const line of service.strayLines) expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] [A-Z]+: \w+/);
});

test("SIGTERM while a host that fetches works on a leg: exit without waiting for it, and whoever serves next hears what came of it", async () => {
  await using redis = await startRedis();
  const options = { monitors: "h0=pull", redisUrl: redis.url };
  await using first = await startService(options);
  const host = createPullingMonitor("h0");
  await host.fetch(first.url, { idle: 1, target: 1 });
  const ticket = await enqueueForTicket(first.url, { profile: "linux", uniqueId: "job" });
  const taking = take(first.url, "job", ticket);
  const { offers } = (await host.fetch(first.url, { idle: 1, target: 1, wait: 20 })).body as Fetched;
  const leg = offers[0]?.leg ?? "";
  expect((await host.accept(first.url, leg)).status).toBe(200);
  const began = performance.now();
  expect(await first.stop()).toBe(0);
  expect((await taking).status).toBe(503);
  // a leg is given up after 90 s
  expect(performance.now() - began).toBeLessThan(45_000);
  await using second = await startService(options);
  expect((await host.settle(second.url, leg, "taken", ["r0"])).status).toBe(200);
  expect(runnerIdsIn(await takeUntilDone(second.url, "job", ticket))).toEqual(["r0"]);
});
