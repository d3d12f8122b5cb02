// Polls go two ways: plain ones past the framework, all others through it. Nobody may see which way
// theirs went: the same request with a body goes the long way, and has to hear the same.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, take } from "../support/client.ts";
import { scrape } from "../support/exposition.ts";
import { startMonitor } from "../support/monitors.ts";
import { act, queuectl } from "../support/queuectl.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

let monitor: SimulatedMonitor;
let service: RunningService;
/** Of a job that waits, of one that has its runner, and of one that gave its place up. */
const tickets: Record<string, string> = {};

beforeAll(async () => {
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 2 } });
  service = await startService({ monitors: [monitor], env: { MAX_WAIT: "1s" } });
  const enqueue = async (uniqueId: string) => {
    tickets[uniqueId] = await enqueueForTicket(service.url, { profile: "linux", uniqueId });
  };
  await enqueue("taken");
  expect((await take(service.url, "taken", tickets.taken ?? "")).status).toBe(200);
  await act(service.url, "/profiles/linux/pause");
  for (const uniqueId of ["waiting", ".waiting", "cancelled"]) await enqueue(uniqueId);
  expect((await queuectl(service.url, "cancel", "cancelled")).exitCode).toBe(0);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await monitor.close();
});

/** Sends a request as it is written, and reads all of the reply. */
function send(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let reply = "";
    socket.setEncoding("latin1").on("data", (part: string) => {
      reply += part;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(reply));
  });
}

const usual = ["Host: queue.example", "User-Agent: curl/7.88.1", "Accept: */*", "Connection: close"];

function write(target: string, headers: readonly string[], body = "", version = "1.1"): string {
  return `POST ${target} HTTP/${version}\r\n${headers.join("\r\n")}\r\n\r\n${body}`;
}

/** Status line, headers in one order and body, without the time at which it was said. */
function read(reply: string): readonly string[] {
  const [head = "", body = ""] = reply.split("\r\n\r\n");
  const [status = "", ...headers] = head.toLowerCase().split("\r\n");
  const timeless = headers.filter((header) => !/^(date|retry-after):/.test(header));
  return [status, ...timeless.sort(), body];
}

describe("a plain poll hears what the same poll with a body hears", () => {
  it.each<[name: string, uniqueId: string, query: string, headers: string[], status: number]>([
    ["of a job that waits", "waiting", "?token=waiting", [], 503],
    ["with the ticket in a header", "waiting", "", ["Authorization: Bearer waiting"], 503],
    ["with a wait of nothing", "waiting", "?token=waiting&wait=0", [], 503],
    ["that is held to its end", "waiting", "?wait=1&token=waiting", [], 503],
    ["that would like to be held", "waiting", "?token=waiting", ["Prefer: wait=0"], 503],
    ["with a wait that is none", "waiting", "?token=waiting&wait=soon", [], 400],
    ["with a ticket given twice", "waiting", "?token=waiting&token=waiting", [], 400],
    ["of a job that has its runner", "taken", "?token=taken", [], 200],
    ["of a job that was cancelled", "cancelled", "?token=cancelled", [], 404],
    ["without a ticket", "waiting", "", [], 403],
    ["with somebody else's ticket", "waiting", "?token=taken", [], 403],
    ["with a ticket of nobody's", "waiting", "?token=nobody", [], 403],
    ["of a job that nobody enqueued", "never", "?token=nobody", [], 404],
    ["of an id that is too long", "x".repeat(128).concat("y"), "?token=nobody", [], 400],
    ["that says it has no body", "waiting", "?token=waiting", ["Content-Length: 0"], 503],
  ])("%s", async (_, uniqueId, query, headers, status) => {
    const withTicket = (text: string) =>
      text.replace(/((?:token=|Bearer ))(\w+)/g, (_all, key, id) => key + (tickets[id] ?? id));
    const target = `/take/${uniqueId}${withTicket(query)}`;
    const all = [...usual, ...headers.map(withTicket)];
    const plain = read(await send(service.url, write(target, all)));
    const others = all.filter((header) => !header.startsWith("Content-Length"));
    const long = read(await send(service.url, write(target, [...others, "Content-Length: 5"], "hello")));
    expect(plain[0]).toContain(` ${status} `);
    expect(plain).toEqual(long);
  });
});

describe("a poll that is spelt unusually", () => {
  const statusOf = async (text: string) => Number((await send(service.url, text)).split(" ")[1]);
  const ticket = (uniqueId: string) => `?token=${tickets[uniqueId]}`;

  it("waits, where it means the same", async () => {
    expect(await statusOf(write(`//take//waiting${ticket("waiting")}`, usual))).toBe(503);
    expect(await statusOf(write(`/take/%77aiting${ticket("waiting")}`, usual))).toBe(503);
    expect(await statusOf(write(`http://queue.example/take/waiting${ticket("waiting")}`, usual))).toBe(503);
    expect(await statusOf(write(`/take/.waiting${ticket(".waiting")}`, usual))).toBe(503);
  });

  it("is refused with two Host headers, with one that is no host, and where it names a way through folders", async () => {
    const target = `/take/waiting${ticket("waiting")}`;
    expect(await statusOf(write(target, [...usual, "Host: other.example"]))).toBe(400);
    for (const host of ["a b", "[", "a:b:c"])
      expect(await statusOf(write(target, [`Host: ${host}`, "Connection: close"])), host).toBe(400);
    expect(await statusOf(write(`/x/../take/waiting${ticket("waiting")}`, usual))).toBe(404);
    expect(await statusOf(write(`/take/..${ticket("waiting")}`, usual))).toBe(404);
  });

  it("is refused with two tickets in headers", async () => {
    const [first, second] = ["waiting", "taken"].map((id) => `Authorization: Bearer ${tickets[id]}`);
    expect(await statusOf(write("/take/waiting", [...usual, first ?? "", second ?? ""]))).toBe(403);
  });
});

it("counts plain polls as it counts others", async () => {
  const counted = async (status: string) =>
    (await scrape(service.url)).find("runner_queue_http_replies_total", {
      method: "POST",
      route: "/take/:uniqueId",
      status,
    }) ?? 0;
  const [waits, refusals] = [await counted("5xx"), await counted("4xx")];
  await take(service.url, "waiting", tickets.waiting ?? "");
  await take(service.url, "waiting", tickets.taken ?? "");
  expect([await counted("5xx"), await counted("4xx")]).toEqual([waits + 1, refusals + 1]);
});

it("plain polls below BASE_PATH are told where the reasons stand below it", async () => {
  const there = await startMonitor();
  await using below = await startService({ monitors: [there], env: { BASE_PATH: "/queue" } });
  const url = `${below.url}/queue`;
  await act(url, "/profiles/linux/pause");
  const ticket = await enqueueForTicket(url, { profile: "linux", uniqueId: "job" });
  for (const base of [url, below.url]) {
    const reply = await take(base, "job", ticket);
    expect([reply.status, reply.headers.get("link")]).toEqual([503, expect.stringMatching(/^<\/queue\/reasons#/)]);
  }
});

it("a plain poll that is held and hung up ends its presence", async () => {
  const ticket = tickets.waiting ?? "";
  const { hostname, port } = new URL(service.url);
  const held = () => scrape(service.url).then((seen) => seen.find("runner_queue_held_requests", {}) ?? 0);
  const socket = connect(Number(port), hostname, () => {
    socket.write(write(`/take/waiting?token=${ticket}&wait=1`, usual.slice(0, 3)));
  });
  await expect.poll(held, { interval: 5 }).toBe(1);
  socket.destroy();
  await expect.poll(held, { interval: 5, timeout: 900 }).toBe(0);
});
