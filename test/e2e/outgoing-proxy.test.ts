// Which outgoing calls go through a proxy: GitHub's as Node does, the monitors' never, neither
// dashboards nor takes.
import { expect, it } from "vitest";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { startRecordingProxy } from "../support/recording-proxy.ts";
import { startTokenlessQueue } from "../support/tokenless.ts";

const proxied = (url: string) => ({
  NODE_USE_ENV_PROXY: "1",
  HTTP_PROXY: url,
  HTTPS_PROXY: url,
  http_proxy: url,
  https_proxy: url,
});

it("with a proxy for outgoing calls, dashboards and takes go straight to the monitors, and GitHub is asked through it", async () => {
  const proxy = await startRecordingProxy();
  await using queue = await startTokenlessQueue(proxied(proxy.url));
  queue.upload("by-artifact");
  expect((await queue.enqueueJob("by-artifact")).status).toBe(200);
  const ticket = await enqueueForTicket(queue.service.url, { profile: "linux", uniqueId: "taken" });
  const answer = await takeUntilDone(queue.service.url, "taken", ticket);
  expect(answer.status).toBe(200);
  expect(queue.monitor.reservedFor("taken")).toHaveLength(1);
  expect(new Set(proxy.asked)).toEqual(new Set([new URL(queue.github.url).host]));
});

it("a proxy that nobody answers at keeps no runner from anybody", async () => {
  await using queue = await startTokenlessQueue(proxied("http://127.0.0.1:9"));
  const ticket = await enqueueForTicket(queue.service.url, { profile: "linux", uniqueId: "taken" });
  expect((await takeUntilDone(queue.service.url, "taken", ticket)).status).toBe(200);
});
