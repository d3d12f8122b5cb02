// kill -9 at every step of a re-run, and of a start that was lost, on Redis: whoever comes next goes
// on, and each generation gets one runner.
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { signDelivery, writeWorkflowJobEvent } from "../../scripts/simulated-github/webhook.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { startRedisProxy } from "../support/redis-proxy.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

const secret = "webhook-secret-of-the-tests";
const env = {
  GITHUB_WEBHOOK_SECRETS: secret,
  ALLOWED_REPOS: "servo/",
  START_WATCH: "off",
  MONITOR_SETTLE: "300ms",
  UNKNOWN_HOLD: "6s",
  MONITOR_TAKE_TIMEOUT: "3s",
};
const watching = { ...env, START_WATCH: "act", START_TIMEOUT: "1s", MAX_RESTARTS: "1" };

/** In the commit that begins the second generation: the job's document. */
const secondGeneration = String.raw`\"generation\":2`;

async function startMonitor(habits: NonNullable<Parameters<typeof startSimulatedMonitor>[0]["habits"]>) {
  return await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 3 }, habits });
}

async function say(service: RunningService, uniqueId: string, attempt: number, id: number): Promise<number> {
  const labels = [`reserved-for:${uniqueId}`];
  const event = {
    repo: "servo/servo",
    runId: 77,
    id,
    attempt,
    state: "queued" as const,
    labels,
    createdAt: new Date(),
  };
  const body = JSON.stringify(writeWorkflowJobEvent(event));
  const headers = { "x-github-event": "workflow_job", "x-hub-signature-256": signDelivery(body, secret) };
  return (await fetch(`${service.url}/github/webhook`, { method: "POST", headers, body })).status;
}

async function shownWhen(service: RunningService, uniqueId: string, wanted: object) {
  const look = async () => {
    const reply = await fetch(`${service.url}/jobs/${uniqueId}`, { headers: { authorization: `Bearer ${apiToken}` } });
    const job = (await reply.json()) as Record<string, unknown>;
    expect(job).toMatchObject(wanted);
    return job;
  };
  return await vi.waitFor(look, { timeout: 60_000 });
}

const takesOf = (monitor: SimulatedMonitor, uniqueId: string) =>
  monitor.takes.filter((one) => one.uniqueId === uniqueId);

describe.skipIf(!hasRedis).concurrent("an instance that is killed", () => {
  it.each([
    {
      when: "before it writes a re-run down: GitHub's next word does it",
      hold: "before",
      text: secondGeneration,
      isSaidAgain: true,
    },
    {
      when: "when it has written a re-run down: the others serve it",
      hold: "reply",
      text: secondGeneration,
      isSaidAgain: false,
    },
    { when: "when it has claimed for a re-run: the others go on", hold: "before", text: ":places", isSaidAgain: false },
  ] as const)(
    "$when, and there is one runner more",
    async ({ hold, text, isSaidAgain }) => {
      await using redis = await startRedis(true);
      await using proxy = await startRedisProxy(redis.url);
      const monitor = await startMonitor({ startsAfterMs: null });
      await using doomed = await startService({ monitors: [monitor], redisUrl: proxy.url, env });
      const ticket = await enqueueForTicket(doomed.url, { profile: "linux", uniqueId: "job" });
      await takeUntilDone(doomed.url, "job", ticket);
      await say(doomed, "job", 1, 7);
      const reached = hold === "before" ? proxy.holdBefore(text) : proxy.holdReplyTo(text);
      say(doomed, "job", 2, 8).catch(() => {});
      await reached;
      await doomed.kill9();

      await using other = await startService({ monitors: [monitor], redisUrl: redis.url, env });
      if (isSaidAgain) for (let n = 0; n < 2; n++) expect(await say(other, "job", 2, 8)).toBe(202);
      await shownWhen(other, "job", { state: "taken", generation: 2 });
      expect(await say(other, "job", 2, 8)).toBe(202);
      // a take too many has time to come: nothing would say that there is none
      await delay(500);
      expect(takesOf(monitor, "job")).toHaveLength(2);
      expect(monitor.reservedFor("job")).toHaveLength(2);
      await monitor.close();
    },
    120_000,
  );

  it.each([
    { when: "before it writes a lost start down", hold: "before" },
    { when: "when it has written it down", hold: "reply" },
  ] as const)(
    "$when leaves it to the others, and the lost runner is replaced once",
    async ({ hold }) => {
      await using redis = await startRedis(true);
      await using proxy = await startRedisProxy(redis.url);
      const monitor = await startMonitor({ startsAfterMs: null, reservedForMs: 500, rebornAfterMs: 200 });
      await using doomed = await startService({ monitors: [monitor], redisUrl: proxy.url, env: watching });
      const ticket = await enqueueForTicket(doomed.url, { profile: "linux", uniqueId: "job" });
      await takeUntilDone(doomed.url, "job", ticket);
      const reached = hold === "before" ? proxy.holdBefore(secondGeneration) : proxy.holdReplyTo(secondGeneration);
      await say(doomed, "job", 1, 7);
      await reached;
      await doomed.kill9();

      await using other = await startService({ monitors: [monitor], redisUrl: redis.url, env: watching });
      await shownWhen(other, "job", { state: "taken", generation: 2 });
      expect(takesOf(monitor, "job")).toHaveLength(2);
      await monitor.close();
    },
    120_000,
  );
});
