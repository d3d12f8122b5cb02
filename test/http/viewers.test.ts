// Whoever looks at the queue, over HTTP: how many may, that they cost the store next to nothing,
// that they see at once what they did, and that proxies keep their streams open.
import { get, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { composeService } from "../../src/compose.ts";
import { queueSettingsOf } from "../../src/config/queue-settings.ts";
import { parseConfig } from "../../src/config.ts";
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { nodeTransport } from "../../src/monitors/called/node-transport.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { scrape } from "../support/exposition.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { act } from "../support/queuectl.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

const mostViewers = 200;

describe("a service that is looked at", () => {
  let monitor: SimulatedMonitor;
  let service: RunningService;
  beforeAll(async () => {
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1, mac: 1 } });
    service = await startService({ monitors: [monitor] });
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
  });

  const look = async () => (await (await fetch(`${service.url}/dashboard.json`)).json()) as Dashboard;

  /** Resolves with the head; what follows is read as it comes. */
  function openStream(url: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = get(`${url}/events`, { agent: false }, (stream) => {
        stream.on("error", () => {}).resume();
        resolve(stream);
      });
      request.on("error", reject);
      onTestFinished(() => void request.destroy());
    });
  }

  it("a stream asks proxies to pass each event on at once", async () => {
    const { statusCode, headers } = await openStream(service.url);
    expect([statusCode, headers["content-type"], headers["x-accel-buffering"]]).toEqual([
      200,
      "text/event-stream",
      "no",
    ]);
  });

  it("200 streams may be open: the next one is told to come back, and whoever leaves makes room", async () => {
    await using own = await startService({ monitors: [monitor] });
    const openStreams = (count: number) => Promise.all(Array.from({ length: count }, () => openStream(own.url)));
    const first = await openStreams(mostViewers);
    expect(new Set(first.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    const late = await fetch(`${own.url}/events`);
    expect([late.status, late.headers.get("x-queue-reason")]).toEqual([503, "too_many_viewers"]);
    expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await late.text()).toBe("");
    for (const path of ["/", "/dashboard.json", "/dashboard.txt"])
      expect((await fetch(own.url + path)).status).toBe(200);

    for (const stream of first) stream.destroy();
    const next: IncomingMessage[] = [];
    const fill = async (): Promise<number> => {
      const opened = await openStreams(mostViewers - next.length);
      next.push(...opened.filter(({ statusCode }) => statusCode === 200));
      return next.length;
    };
    // The service notices with its next event who is gone.
    await expect.poll(fill, { interval: 100 }).toBe(mostViewers);
  });

  it("fifty who look at once, each in his own way, share one look at the store", async () => {
    const looks = async () =>
      (await scrape(service.url)).value("runner_queue_store_command_duration_seconds_count", {
        command: "readHistory",
      });
    const { profiles } = await look();
    expect(profiles).toHaveLength(2);
    const [before, begun] = [await looks(), performance.now()];
    const ways = ["/", "/dashboard.json", "/dashboard.txt", "/dashboard.json", "/dashboard.txt"];
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => ways.map((path) => fetch(service.url + path))).flat(),
    );
    for (const reply of replies) expect([reply.status, (await reply.text()) === ""]).toEqual([200, false]);
    // once a second, however slow this machine is
    const most = 1 + Math.floor((performance.now() - begun) / 1000);
    expect((await looks()) - before).toBeLessThanOrEqual(most * profiles.length);
  });

  it("whoever did something sees it when he looks again at once", async () => {
    const acts: [path: string, isSeen: (dashboard: Dashboard) => boolean][] = [
      ["/monitors/ci0/drain", ({ monitors: [ci0] }) => ci0?.draining !== null],
      ["/profiles/mac/pause", ({ profiles: [, mac] }) => mac?.paused !== null],
      ["/monitors/ci0/resume", ({ monitors: [ci0] }) => ci0?.draining === null],
      ["/profiles/mac/resume", ({ profiles: [, mac] }) => mac?.paused === null],
    ];
    for (const [path, isSeen] of acts) {
      expect(isSeen(await look()), `before ${path}`).toBe(false);
      await act(service.url, path);
      expect(isSeen(await look()), path).toBe(true);
    }
  });

  it("the history of several profiles is one: newest first, and cut at its old end", async () => {
    for (const doing of ["pause", "resume"]) {
      for (const profile of ["linux", "mac"]) await act(service.url, `/profiles/${profile}/${doing}`);
    }
    const load = async (query: string) => {
      const headers = { authorization: `Bearer ${apiToken}` };
      const reply = await fetch(`${service.url}/history.json?${query}`, { headers });
      return ((await reply.json()) as { entries: { at: string; profile_key: string }[] }).entries;
    };
    const entries = await load("");
    expect(new Set(entries.map(({ profile_key }) => profile_key))).toEqual(new Set(["linux", "mac"]));
    const times = entries.map(({ at }) => at);
    expect(times).toEqual(times.toSorted().reverse());
    expect(await load("limit=3")).toEqual(entries.slice(0, 3));
  });
});

it("a stream on which nothing changes sends a comment now and then, lest a proxy closes it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const parsed = parseConfig({ MONITORS: "ci0=http://127.0.0.1:1", API_TOKENS: apiToken });
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("; "));
  const now = 1_790_000_000_000;
  const settings = queueSettingsOf(parsed.config);
  const store = createEmbeddedStore(settings, () => now);
  const counts = new Map([["linux", { idle: 1, target: 1, healthy: 1 }]]);
  const pace = { nextInMs: 1_000, idleInMs: 1_000 };
  await createQueueOver(store, settings).finishPoll("ci0", now, { kind: "snapshot", counts }, pace);
  const { app } = await composeService(parsed.config, store, () => {}, "0", {
    peerOf: () => undefined,
    transport: nodeTransport,
  });
  const reader = (await app.request("/events")).body!.pipeThrough(new TextDecoderStream()).getReader();
  const events: string[] = [];
  const readOn = async (): Promise<void> => {
    const { done, value } = await reader.read();
    if (done) return;
    events.push(...value.split("\n\n").filter((text) => text !== ""));
    await readOn();
  };
  const read = readOn();

  await vi.advanceTimersByTimeAsync(14_000);
  expect(events).toEqual([expect.stringMatching(/^event: dashboard\n/)]);
  for (const comments of [1, 2, 3]) {
    await vi.advanceTimersByTimeAsync(20_000);
    expect(events.length).toBeGreaterThan(comments);
  }
  for (const comment of events.slice(1)) expect(comment).toMatch(/^:.+$/);
  await reader.cancel();
  await vi.advanceTimersByTimeAsync(2_000);
  await read;
  expect(vi.getTimerCount()).toBe(0);
});
