// Traces reach a real collector over HTTP: a take with its legs, in the trace of whoever enqueued.
// Nothing secret is in them, and a collector that is away is nobody's trouble.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { QueueEvent } from "../../src/queue/events.ts";
import type { Span } from "../../src/tracing/span.ts";
import { createSpanSender, mostSpans } from "../../src/tracing/span-sender.ts";
import { takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken, monitorToken, startService } from "../support/service.ts";

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

interface Collector {
  readonly url: string;
  readonly bodies: string[];
  readonly spans: SentSpan[];
  status: number;
  until(isEnough: () => boolean): Promise<void>;
}

async function startCollector(): Promise<Collector> {
  const watchers = new Set<() => void>();
  const collector = { url: "", bodies: [] as string[], spans: [] as SentSpan[], status: 200 };
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => {
      body += part;
    });
    request.on("end", () => {
      expect([request.url, request.headers["content-type"]]).toEqual(["/otlp/v1/traces", "application/json"]);
      collector.bodies.push(body);
      const { resourceSpans } = JSON.parse(body);
      if (collector.status === 200) collector.spans.push(...resourceSpans[0].scopeSpans[0].spans);
      response.writeHead(collector.status, { "content-type": "application/json" }).end("{}");
      for (const watch of [...watchers]) watch();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/otlp`;
  const until = (isEnough: () => boolean) =>
    new Promise<void>((resolve) => {
      const watch = () => {
        if (isEnough()) resolve();
      };
      watchers.add(watch);
      watch();
    });
  return Object.assign(collector, { url, until });
}

const attribute = (span: SentSpan | undefined, key: string) =>
  span?.attributes.find((one) => one.key === `runner_queue.${key}`)?.value.stringValue;

async function enqueue(url: string, uniqueId: string, headers: Record<string, string> = {}): Promise<string> {
  const query = new URLSearchParams({ unique_id: uniqueId, qualified_repo: "servo/servo", run_id: "7" });
  const response = await fetch(`${url}/profile/linux/enqueue?${query}`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiToken}`, ...headers },
  });
  expect(response.status).toBe(200);
  return await response.text();
}

test("a take is a span with a span for each leg, in the trace that the enqueue was part of; no secret is in any", async () => {
  const collector = await startCollector();
  const ci0 = await startMonitor({ profiles: { linux: 3 } });
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  await using queue = await startService({
    monitors: [ci0],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` },
  });
  const ticket = await enqueue(queue.url, "job", { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
  await takeUntilDone(queue.url, "job", ticket);
  const unsampled = await enqueue(queue.url, "quiet", { traceparent: `00-${traceId}-b7ad6b7169203331-00` });
  await takeUntilDone(queue.url, "quiet", unsampled);
  const alone = await enqueue(queue.url, "alone", { traceparent: "nonsense" });
  await takeUntilDone(queue.url, "alone", alone);
  await collector.until(() =>
    collector.spans.some((span) => span.name === "take" && attribute(span, "unique_id") === "alone"),
  );

  const spans = collector.spans.filter((span) => attribute(span, "unique_id") === "job");
  const [wait, leg, take] = ["wait", "leg ci0", "take"].map((name) => spans.find((span) => span.name === name));
  expect(spans).toHaveLength(3);
  for (const span of spans) expect(span.traceId).toBe(traceId);
  expect([wait?.parentSpanId, take?.parentSpanId, leg?.parentSpanId]).toEqual([
    "b7ad6b7169203331",
    "b7ad6b7169203331",
    take?.spanId,
  ]);
  expect([attribute(take, "outcome"), attribute(leg, "outcome"), attribute(leg, "monitor")]).toEqual([
    "taken",
    "taken",
    "ci0",
  ]);
  for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
    expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    expect(Math.abs(Number(BigInt(startTimeUnixNano) / 1_000_000n) - Date.now())).toBeLessThan(600_000);
  }
  expect(collector.spans.filter((span) => attribute(span, "unique_id") === "quiet")).toEqual([]);
  const own = collector.spans.filter((span) => attribute(span, "unique_id") === "alone");
  expect(new Set(own.map((span) => span.traceId)).size).toBe(1);
  expect(own[0]?.traceId).not.toBe(traceId);
  const all = collector.bodies.join("\n");
  for (const secret of [apiToken, monitorToken, ticket, alone]) expect(all).not.toContain(secret);
});

test("a collector that is away, refuses or never answers keeps no job from its runner", async () => {
  const collector = await startCollector();
  collector.status = 503;
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void silent.close().closeAllConnections());
  const silentUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const ci0 = await startMonitor({ profiles: { linux: 3 } });
  for (const [uniqueId, endpoint] of [
    ["away", "http://127.0.0.1:1"],
    ["refused", collector.url],
    ["silent", silentUrl],
  ] as const) {
    await using queue = await startService({ monitors: [ci0], env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } });
    await takeUntilDone(queue.url, uniqueId, await enqueue(queue.url, uniqueId));
  }
});

test("spans wait for a collector that comes back, in bounded memory: the oldest are dropped", async () => {
  const collector = await startCollector();
  collector.status = 503;
  const news: QueueEvent[] = [];
  const sender = createSpanSender(collector.url, "1", systemClock, (event) => news.push(event));
  const span = (at: number): Span => ({
    traceId: "1".repeat(32),
    spanId: "1".repeat(16),
    parentSpanId: null,
    name: String(at),
    kind: "internal",
    startedAt: at,
    endedAt: at,
    isError: false,
    attributes: {},
  });
  for (let at = 0; at < mostSpans + 10; at += 1) sender.add(span(at));
  await collector.until(() => collector.bodies.length > 0);
  collector.status = 200;
  await collector.until(() => collector.spans.length > 0);
  await sender.finish();
  expect(collector.spans).toHaveLength(mostSpans);
  expect(collector.spans[0]?.name).toBe("10");
  expect(news.map(({ kind }) => kind)).toEqual(["collector_away", "collector_back"]);
});
