// Every way of being told to wait, provoked one by one: curl appends whatever body such a reply has
// to its output file, so none may have one, and each must say when to come back and why it is not
// yet time.
import { expect, test } from "vitest";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, type Reply, take, takeUntilDone } from "../support/client.ts";
import { nextTake, startMonitor } from "../support/monitors.ts";
import { type RunningService, startService } from "../support/service.ts";

interface Scene {
  readonly monitor: SimulatedMonitor;
  readonly service: RunningService;
  enqueue(uniqueId: string, count?: number): Promise<string>;
  poll(uniqueId: string): Promise<Reply>;
  finish(uniqueId: string): Promise<Reply>;
}

function createScene(monitor: SimulatedMonitor, service: RunningService): Scene {
  const tickets = new Map<string, string>();
  const ticketOf = (uniqueId: string) => tickets.get(uniqueId) ?? "none";
  return {
    monitor,
    service,
    enqueue: async (uniqueId, count) => {
      const request = { profile: "linux", uniqueId, ...(count === undefined ? {} : { count }) };
      const ticket = await enqueueForTicket(service.url, request);
      tickets.set(uniqueId, ticket);
      return ticket;
    },
    poll: (uniqueId) => take(service.url, uniqueId, ticketOf(uniqueId)),
    finish: (uniqueId) => takeUntilDone(service.url, uniqueId, ticketOf(uniqueId)),
  };
}

function expectWait({ status, headers, text }: Reply, reason: string, position: number): void {
  expect({ status, text, reason: headers.get("x-queue-reason") }).toEqual({ status: 503, text: "", reason });
  expect(headers.get("content-length")).toBe("0");
  expect(headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  expect(headers.get("x-queue-position")).toBe(String(position));
  expect(headers.get("cache-control")).toBe("no-store");
}

/** Polls on until the reason is this one: the next snapshot brings it. */
async function pollUntil(scene: Scene, uniqueId: string, reason: string): Promise<Reply> {
  for (;;) {
    const reply = await scene.poll(uniqueId);
    if (reply.headers.get("x-queue-reason") === reason || reply.status !== 503) return reply;
  }
}

test("no_capacity and not_your_turn: an empty 503 with position, reason and whole seconds", async () => {
  const monitor = await startMonitor({ profiles: { linux: 2 } });
  await using service = await startService({ monitors: [monitor] });
  const scene = createScene(monitor, service);
  await scene.enqueue("holder");
  await scene.finish("holder");
  await scene.enqueue("pair", 2);
  await scene.enqueue("single");
  expectWait(await scene.poll("pair"), "no_capacity", 1);
  expectWait(await pollUntil(scene, "single", "not_your_turn"), "not_your_turn", 2);
});

test("claim_in_flight and monitors_busy: an empty 503 with position, reason and whole seconds", async () => {
  const monitor = await startMonitor({ profiles: { linux: 3 }, faults: { takeDelayMs: 2000 } });
  await using service = await startService({ monitors: [monitor], env: { MONITOR_MAX_INFLIGHT: "1" } });
  const scene = createScene(monitor, service);
  await scene.enqueue("first");
  await scene.enqueue("second");
  const asked = nextTake(monitor);
  const firstReply = scene.poll("first");
  await asked;
  expectWait(await scene.poll("first"), "claim_in_flight", 1);
  expectWait(await scene.poll("second"), "monitors_busy", 1);
  expect((await firstReply).status).toBe(200);
});

test("unsatisfiable_now: an empty 503 with position, reason and whole seconds", async () => {
  const monitor = await startMonitor({ profiles: { linux: 2 } });
  await using service = await startService({ monitors: [monitor] });
  const scene = createScene(monitor, service);
  await scene.enqueue("holder");
  await scene.finish("holder");
  await scene.enqueue("pair", 2);
  monitor.setTarget("linux", 1);
  expectWait(await pollUntil(scene, "pair", "unsatisfiable_now"), "unsatisfiable_now", 1);
});

test("reconciling: an empty 503 with position, reason and whole seconds, until the evidence is there", async () => {
  const monitor = await startMonitor({ faults: { take: "nullButLabelled", times: 1 } });
  await using service = await startService({ monitors: [monitor] });
  const scene = createScene(monitor, service);
  await scene.enqueue("job");
  monitor.faults.dashboard = "error503";
  const firstReply = scene.poll("job");
  await service.onLog(({ msg, outcome }) => msg === "leg" && outcome === "null");
  expectWait(await pollUntil(scene, "job", "reconciling"), "reconciling", 1);
  monitor.faults.dashboard = "none";
  expect((await firstReply).status).toBe(200);
  expect(monitor.reservedFor("job")).toHaveLength(1);
});
