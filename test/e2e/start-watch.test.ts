// From reserved to started, over real HTTP: a job that starts is seen to start; a runner that dies
// is replaced from another monitor, where GitHub waits for it.
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { signDelivery, writeWorkflowJobEvent } from "../../scripts/simulated-github/webhook.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

const secret = "webhook-secret-of-the-tests";

async function startMonitor(name: string, habits: NonNullable<Parameters<typeof startSimulatedMonitor>[0]["habits"]>) {
  const monitor = await startSimulatedMonitor({ name, token: monitorToken, profiles: { linux: 1 }, habits });
  onTestFinished(() => monitor.close());
  return monitor;
}

async function startQueue(monitors: readonly SimulatedMonitor[], startWatch: string): Promise<RunningService> {
  const service = await startService({
    monitors,
    env: {
      GITHUB_WEBHOOK_SECRETS: secret,
      ALLOWED_REPOS: "servo/",
      START_WATCH: startWatch,
      START_TIMEOUT: "1s",
    },
  });
  onTestFinished(() => service[Symbol.asyncDispose]());
  return service;
}

async function say(service: RunningService, uniqueId: string, state: "queued" | "in_progress" | "completed") {
  const labels = [`reserved-for:${uniqueId}`];
  const event = { repo: "servo/servo", runId: 77, id: 7, attempt: 1, state, labels, createdAt: new Date() };
  const body = JSON.stringify(writeWorkflowJobEvent(event));
  const headers = { "x-github-event": "workflow_job", "x-hub-signature-256": signDelivery(body, secret) };
  expect((await fetch(`${service.url}/github/webhook`, { method: "POST", headers, body })).status).toBe(202);
}

interface ShownJob {
  readonly state: string;
  readonly generation: number;
  readonly start: { readonly state: string; readonly monitor: string; readonly runner: string } | null;
}

async function shownWhen(service: RunningService, uniqueId: string, holds: (job: ShownJob) => boolean) {
  const look = async () => {
    const reply = await fetch(`${service.url}/jobs/${uniqueId}`, { headers: { authorization: `Bearer ${apiToken}` } });
    const job = (await reply.json()) as ShownJob;
    if (!holds(job)) throw new Error(JSON.stringify(job));
    return job;
  };
  return await vi.waitFor(look, { timeout: 60_000 });
}

it("a runner that is busy in a dashboard has started its job; GitHub's word ends it", async () => {
  const monitor = await startMonitor("ci0", { startsAfterMs: 500, busyForMs: 60_000 });
  const service = await startQueue([monitor], "act");
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "fine" });
  await takeUntilDone(service.url, "fine", ticket);
  const started = await shownWhen(service, "fine", ({ start }) => start?.state === "started");
  expect(started).toMatchObject({ generation: 1, start: { monitor: "ci0" } });
  await say(service, "fine", "completed");
  await shownWhen(service, "fine", ({ start }) => start?.state === "over");
}, 120_000);

it("a runner that dies before its job starts is replaced from another monitor, once", async () => {
  const dying = await startMonitor("ci0", { startsAfterMs: null, reservedForMs: 300, rebornAfterMs: 600_000 });
  const service = await startQueue([dying], "act");
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "lost" });
  await takeUntilDone(service.url, "lost", ticket);
  await say(service, "lost", "queued");
  const again = await shownWhen(service, "lost", ({ generation }) => generation === 2);
  expect(again.state).toBe("queued");
  dying.freeOne("linux");
  const served = await shownWhen(service, "lost", ({ state }) => state === "taken");
  expect(served).toMatchObject({ generation: 2, start: { monitor: "ci0" } });
  const text = await (await fetch(`${service.url}/metrics`)).text();
  expect(text).toMatch(/^runner_queue_lost_starts_total\{monitor="ci0"\} 1$/m);
}, 120_000);

it("a runner that dies is not replaced where GitHub does not say that it waits", async () => {
  const dying = await startMonitor("ci0", { startsAfterMs: null, reservedForMs: 300 });
  const service = await startQueue([dying], "act");
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "ended" });
  await takeUntilDone(service.url, "ended", ticket);
  await say(service, "ended", "completed");
  await service.onLog(({ msg }) => msg === "started" || msg === "reservation_unused", 60_000);
  // what must not come has time to come: nothing would say that it does not
  await delay(2500);
  expect(dying.runners().filter(({ reservedFor }) => reservedFor === "ended")).toEqual([]);
  expect(await shownWhen(service, "ended", () => true)).toMatchObject({ generation: 1, state: "taken" });
}, 120_000);
