// What has to hold on Workers beside the HTTP contract: an invocation may end at any step, an
// isolate serves many, and the queue outlives both.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { startSimulatedGithub } from "../../scripts/simulated-github/github.ts";
import { enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { githubToken, proofText } from "../support/github.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { apiToken, monitorToken } from "../support/service.ts";
import { type RunningWorker, startWorker } from "../support/worker.ts";
import { forgeZip } from "../support/zip-forge.ts";

const env = {
  MONITOR_SETTLE: "300ms",
  UNKNOWN_HOLD: "6s",
  MONITOR_TAKE_TIMEOUT: "3s",
  OPERATOR_TOKENS: "operator-token",
};
const operator = { authorization: "Bearer operator-token" };

const hold = (url: string, id: string, ticket: string, seconds = 20, init: RequestInit = {}) =>
  fetch(`${url}/take/${id}?token=${ticket}&wait=${seconds}`, { method: "POST", ...init });

for (const kind of ["a Durable Object", "Redis"] as const) {
  describe.skipIf(kind === "Redis" && !hasRedis)(`a Worker that keeps its queue in ${kind}`, () => {
    let monitor: SimulatedMonitor;
    let redis: RedisServer | undefined;
    let worker: RunningWorker;

    beforeAll(async () => {
      monitor = await startSimulatedMonitor({
        name: "ci0",
        token: monitorToken,
        profiles: { linux: 0, mac: 1 },
        habits: { startsAfterMs: null, reservedForMs: 3_600_000 },
      });
      monitor.setTarget("linux", 1);
      redis = kind === "Redis" ? await startRedis(true, true) : undefined;
      worker = await startWorker({
        monitors: [monitor],
        env,
        ...(redis === undefined ? {} : { redisUrl: redis.url }),
      });
    });
    afterAll(async () => {
      await worker?.[Symbol.asyncDispose]();
      await redis?.[Symbol.asyncDispose]();
      await monitor?.close();
    });

    /** From here on its only runner is taken. */
    beforeAll(async () => {
      expect((await hold(worker.url, "first", await enqueue("first"))).status).toBe(200);
    });

    const enqueue = (uniqueId: string, profile = "linux") => enqueueForTicket(worker.url, { profile, uniqueId });
    const reservedFor = (id: string) => monitor.reservedFor(id).map((runner) => runner.id);

    it("serves 200 requests in a row, and 32 at once", async () => {
      const first = await enqueue("first");
      expect((await hold(worker.url, "first", first)).status).toBe(200);
      const ticket = await enqueue("row");
      for (let n = 0; n < 200; n++) expect((await take(worker.url, "row", ticket)).status).toBe(503);
      const held = await Promise.all(
        Array.from({ length: 32 }, async (_, n) => {
          const mine = await enqueue(`crowd-${n}`);
          return { n, mine, reply: hold(worker.url, `crowd-${n}`, mine, 1) };
        }),
      );
      for (const { reply } of held) expect([(await reply).status, await (await reply).text()]).toEqual([503, ""]);
      const cancelled = [...held.map(({ n, mine }) => [`crowd-${n}`, mine] as const), ["row", ticket] as const];
      for (const [id, mine] of cancelled) {
        const reply = await fetch(`${worker.url}/jobs/${id}?token=${mine}`, { method: "DELETE" });
        expect(reply.status).toBe(200);
      }
    });

    it("hands a freed runner to whoever is held first in line, and nobody else stirs", async () => {
      const tickets = [await enqueue("one"), await enqueue("two")];
      const [one, two] = tickets.map((ticket, i) => hold(worker.url, i === 0 ? "one" : "two", ticket));
      await expect.poll(async () => (await waiting(worker.url)).join(" ")).toBe("one two");
      const before = monitor.takes.length;
      monitor.freeOne("linux");
      expect((await one)?.status).toBe(200);
      expect(monitor.takes.length - before).toBe(1);
      monitor.freeOne("linux");
      expect((await two)?.status).toBe(200);
      expect([reservedFor("one").length, reservedFor("two").length]).toEqual([1, 1]);
    });

    it("an invocation that is cut while the monitor works on its take leaves exactly one runner, and who waits his place", async () => {
      const [job, next] = [await enqueue("cut"), await enqueue("next")];
      monitor.faults.takeDelayMs = 1_000;
      monitor.freeOne("linux");
      const reserved = new Promise<void>((resolve) => {
        const end = monitor.onReserved(() => resolve(end()));
      });
      const takes = monitor.takes.length;
      const client = new AbortController();
      const lost = hold(worker.url, "cut", job, 20, { signal: client.signal }).catch(() => {});
      await reserved;
      worker.cutInvocations();
      client.abort();
      await lost;
      await worker.ready();
      monitor.faults.takeDelayMs = 0;
      const waiting = (await (await fetch(`${worker.url}/jobs/next?token=${next}`)).json()) as { state: string };
      expect(waiting.state).toBe("queued");
      const reply = await takeUntilDone(worker.url, "cut", job);
      expect(reply.status).toBe(200);
      expect(reservedFor("cut")).toEqual(runnerIdsIn(reply));
      expect(monitor.takes.length - takes).toBe(1);
      // the answer is kept too
      worker.cutInvocations();
      await worker.ready();
      expect((await take(worker.url, "cut", job)).text).toBe(reply.text);
      await fetch(`${worker.url}/jobs/next?token=${next}`, { method: "DELETE" });
    });

    it("what operators said outlives a restart", async () => {
      const post = (path: string) => fetch(worker.url + path, { method: "POST", headers: operator });
      expect((await post("/monitors/ci0/drain?note=update")).status).toBe(200);
      expect((await post("/profiles/mac/pause")).status).toBe(200);
      worker.cutInvocations();
      await worker.ready();
      const text = await (await fetch(`${worker.url}/dashboard.txt`)).text();
      expect(text).toContain("ci0 is draining");
      expect(text).toContain("mac is paused");
      await post("/monitors/ci0/resume");
      await post("/profiles/mac/resume");
    });

    it("logs JSON lines, and neither tokens nor tickets are among them", async () => {
      const ticket = await enqueue("logged", "mac");
      expect((await takeUntilDone(worker.url, "logged", ticket)).status).toBe(200);
      const lines = worker
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"));
      const taken = lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .find(({ msg, uniqueId }) => msg === "taken" && uniqueId === "logged");
      expect(taken).toMatchObject({ level: "info", profileKey: "mac", runId: "77" });
      for (const secret of [apiToken, monitorToken, "operator-token"]) expect(lines.join("\n")).not.toContain(secret);
      expect(lines.join("\n")).not.toContain(ticket);
    });
  });
}

it("enqueue by artifact works: GitHub is asked, the zip is read, and bad ones are refused", async () => {
  const github = await startSimulatedGithub({ token: githubToken });
  const monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 3 } });
  await using worker = await startWorker({
    monitors: [monitor],
    env: { GITHUB_API_URL: github.url, GITHUB_TOKEN: githubToken, ALLOWED_REPOS: "servo/" },
  });
  const enqueue = async (uniqueId: string, zip: Uint8Array | null) => {
    if (zip !== null) {
      github.addArtifact({ repo: "servo/servo", runId: "77", name: `servo-ci-runners_${uniqueId}`, zip });
    }
    const reply = await fetch(`${worker.url}/enqueue?unique_id=${uniqueId}&qualified_repo=servo/servo&run_id=77`, {
      method: "POST",
    });
    const text = await reply.text();
    return reply.status === 200 ? text : (JSON.parse(text) as { code: string }).code;
  };
  const proofOf = (uniqueId: string) => ({
    name: "proof.txt",
    content: proofText({ uniqueId, repo: "servo/servo", runId: "77", profile: "linux" }),
  });
  const ticket = await enqueue("job", forgeZip([proofOf("job")]));
  expect((await takeUntilDone(worker.url, "job", ticket)).status).toBe(200);
  expect(await enqueue("none", null)).toBe("artifact_missing");
  expect(await enqueue("junk", new Uint8Array(64))).toBe("artifact_malformed");
  await monitor.close();
  await github.close();
});

it("the schedule abandons who is gone, also where nobody asks", async () => {
  const monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
  await using worker = await startWorker({ monitors: [monitor], env: { ABANDON_AFTER: "3s" } });
  await enqueueForTicket(worker.url, { profile: "linux", uniqueId: "gone" });
  const abandoned = () => worker.output().includes('"msg":"abandoned"');
  worker.cutInvocations();
  expect(abandoned()).toBe(false);
  await expect.poll(async () => await worker.runSchedule().then(abandoned, () => false), { interval: 300 }).toBe(true);
  await monitor.close();
});

it("settings that are wrong are all told in the log, and everybody is told to come back", async () => {
  const env = { MONITORS: "not a url", ABANDON_AFTER: "soon", REDIS_URL: "/tmp/redis.sock" };
  await using worker = await startWorker({ monitors: [], env, waitsUntilReady: false });
  const reply = await fetch(`${worker.url}/readyz`);
  expect([reply.status, await reply.text(), reply.headers.get("x-queue-reason")]).toEqual([503, "", "misconfigured"]);
  const told = () =>
    worker
      .output()
      .split("\n")
      .find((line) => line.includes("the settings are wrong")) ?? "";
  await expect.poll(told).not.toBe("");
  for (const name of Object.keys(env)) expect(told()).toContain(name);
  expect(told()).not.toContain(apiToken);
});

/** Jobs that were asked for, in order. */
async function waiting(url: string): Promise<string[]> {
  const { profiles } = (await (await fetch(`${url}/dashboard.json`)).json()) as {
    profiles: { jobs: { unique_id: string; last_poll_at: string | null }[] }[];
  };
  return profiles.flatMap(({ jobs }) =>
    jobs.filter(({ last_poll_at }) => last_poll_at !== null).map(({ unique_id }) => unique_id),
  );
}
