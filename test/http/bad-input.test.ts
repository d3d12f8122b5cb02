// Bad input over every route: a clear 4xx or "come back", never a 500, a hang or a crash; and the
// service still works afterwards.
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { problems } from "../../src/http/problem.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { fuzzCases } from "../support/fuzzed-json.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

let monitor: SimulatedMonitor;
let service: RunningService;

beforeAll(async () => {
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
  service = await startService({ monitors: [monitor] });
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

interface RawReply {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string | Buffer,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(service.url);
    const outgoing = request({ hostname, port, method, path, headers, timeout: 60_000 }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("end", () =>
        resolve({
          status: reply.statusCode ?? 0,
          type: reply.headers["content-type"],
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("hang")));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/**
 * Sends bytes as they are; resolves with the status line, or "" where the connection was closed
 * without one.
 */
function sendBytes(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let text = "";
    socket.setTimeout(10_000, () => socket.destroy(new Error("hang")));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n\r\n")) socket.end();
    });
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve(text) : reject(error),
    );
    socket.on("close", () => resolve(text.split("\r\n")[0] ?? ""));
  });
}

/** What every reply must be: a status of ours, with the body that curl and people need. */
function expectProper(reply: RawReply): void {
  expect(reply.status).not.toBe(500);
  if (reply.status === 503 || reply.status === 429) expect(reply.body).toBe("");
  if (reply.status >= 400 && reply.status < 429 && reply.body !== "") {
    expect(reply.type).toBe("application/problem+json");
    const { code, status } = JSON.parse(reply.body) as { code: keyof typeof problems; status: number };
    expect(problems[code]?.[0]).toBe(status);
    expect(status).toBe(reply.status);
  }
}

const oddText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom(
    "",
    ".",
    "..",
    "%",
    "%00",
    "%ff",
    "%2F",
    "__proto__",
    "constructor",
    "a".repeat(5000),
    "💥",
    "' OR 1=1",
    "\u0000",
    "1e9",
    "-1",
    "0",
    "101",
    "null",
  ),
);
const encoded = oddText.map((text) => encodeURIComponent(text.toWellFormed()));
const segment = fc.oneof(encoded, fc.constantFrom("linux", "job", "%", "%zz", "%c3%28", "a%2fb", "..%2f", ";x"));
const path = fc
  .tuple(
    fc.oneof(
      segment.map((one) => `/take/${one}`),
      segment.map((one) => `/jobs/${one}`),
      segment.map((one) => `/jobs/${one}/cancel`),
      segment.map((one) => `/monitors/${one}/drain`),
      segment.map((one) => `/jobs/${one}/explain`),
      segment.map((one) => `/profiles/${one}/resume`),
      segment.map((one) => `/monitors/${one}/changed`),
      segment.map((one) => `/monitors/${one}/forget`),
      segment.map((one) => `/profiles/${one}/forget`),
      segment.map((one) => `/profile/${one}/enqueue`),
      fc.tuple(segment, segment).map(([one, two]) => `/profile/${one}/enqueue/${two}`),
      fc.constantFrom(
        "/enqueue",
        "/github/webhook",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/",
        "//",
        "/take",
        "/take/",
        "/take//",
        "/dashboard.json",
        "/dashboard.txt",
        "/history.json",
        "/metrics",
        "/monitors/ci0/resume",
      ),
      segment.map((one) => `/${one}`),
    ),
    fc.array(
      fc.tuple(
        fc.constantFrom("unique_id", "qualified_repo", "run_id", "token", "wait", "note", "by", "until", "limit", "x"),
        encoded,
      ),
      {
        maxLength: 5,
      },
    ),
  )
  .map(([base, query]) => `${base}?${query.map(([name, value]) => `${name}=${value}`).join("&")}`);
const headers = fc.record(
  {
    authorization: fc.oneof(
      fc.constantFrom(
        `Bearer ${apiToken}`,
        "Bearer",
        "Bearer  ",
        "Basic YTpi",
        "bearer x",
        `Bearer ${apiToken} x`,
        "Bearer eyJhbGciOiJub25lIn0.e30.",
      ),
      fc.string({ maxLength: 50 }).map((text) => text.replace(/[^\x20-\x7e]/g, "")),
    ),
    "content-type": fc.constantFrom("application/json", "multipart/form-data", "x", "text/plain; charset=utf-16"),
    "x-forwarded-for": fc.constant("::::"),
    accept: fc.constant("\x7f".replace("\x7f", "*")),
  },
  { requiredKeys: [] },
);
const methods = fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND");

const cases = fuzzCases(1_500);

it("any method, path, query, header and body gets a proper reply on every route", async () => {
  const body = fc.oneof(
    fc.constant(undefined),
    fc.string({ maxLength: 2000 }),
    fc.constantFrom('{"unique_id":1}', "\u0000\u0001"),
  );
  await fc.assert(
    fc.asyncProperty(methods, path, headers, body, async (method, target, given, text) => {
      expectProper(
        await send(
          method,
          target,
          given as Record<string, string>,
          method === "GET" || method === "HEAD" ? undefined : text,
        ),
      );
    }),
    { numRuns: cases },
  );
});

it("bytes that are hardly HTTP are refused, and nobody hangs", async () => {
  const requests = [
    "GET / HTTP/1.1\r\n\r\n",
    "POST /take/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "POST /take/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    `GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${"b".repeat(100_000)}\r\n\r\n`,
    "POST /take/\xff\xfe HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "GET http://elsewhere/take/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "POST /take/x HTTP/1.1\r\nHost: [::\r\nContent-Length: 0\r\n\r\n",
    "\u0016\u0003\u0001\u0002\u0000\r\n\r\n",
  ];
  for (const bytes of requests) {
    const status = await sendBytes(Buffer.from(bytes, "latin1"));
    expect(status, JSON.stringify(bytes.slice(0, 60))).toMatch(/^$|HTTP\/1\.1 (200|4\d\d|503)/);
  }
});

it("a body that is too large is refused, announced or not, and costs no memory", async () => {
  const residentKib = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, "utf8"))?.[1]);
  const body = Buffer.alloc(10 * 1024 * 1024);
  const before = residentKib();
  for (let round = 0; round < 10; round++) {
    const announced = await sendBytes(
      Buffer.concat([Buffer.from(`POST /take/x HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`), body]),
    );
    expect(announced).toMatch(/^$|^HTTP\/1\.1 413/);
    // Not announced: the reply does not wait for it. The connection may be cut while we still send.
    const chunk = `${body.length.toString(16)}\r\n`;
    const streamed = await sendBytes(
      Buffer.concat([
        Buffer.from(`POST /take/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`),
        body,
      ]),
    );
    expect(streamed).toMatch(/^$|^HTTP\/1\.1 4(03|13)/);
  }
  expect(residentKib() - before).toBeLessThan(100 * 1024);
  const announcedOnly = await sendBytes("POST /take/x HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
  expect(announcedOnly).toMatch(/^HTTP\/1\.1 413/);
});

it("errors never echo what was sent, and name no secret", async () => {
  const marker = "Zebra12345";
  const replies = await Promise.all([
    send("POST", `/profile/linux/enqueue?unique_id=%3C${marker}%3E&qualified_repo=${marker}&run_id=${marker}`, {
      authorization: `Bearer ${apiToken}`,
    }),
    send("POST", `/take/${marker}?token=${marker}`, {}),
    send("GET", `/${marker}`, {}),
  ]);
  for (const reply of replies) expect(reply.body).not.toContain(marker);
});

it("after all that the service still does its work", async () => {
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "still-here" });
  const reply = await takeUntilDone(service.url, "still-here", ticket);
  expect(reply.status).toBe(200);
  expect(service.logLines().filter(({ where }) => where === "http")).toEqual([]);
});

it("a path with dot segments leads nowhere, however they are written, and the folded path is not served in its place", async () => {
  for (const path of [
    "/x/../healthz",
    "/./healthz",
    "/healthz/.",
    "/healthz/..",
    "/x/%2e%2e/healthz",
    "/x/.%2E/healthz?y=1",
    "/%2e",
    "/jobs/..",
    "/take/..?token=x",
    `${service.url}/x/../healthz`,
  ]) {
    for (const method of ["GET", "POST"]) {
      const { status, type } = await send(method, path, { authorization: `Bearer ${apiToken}` });
      expect([path, status, type]).toEqual([path, 404, "application/problem+json"]);
    }
  }
  // Dots elsewhere are part of names.
  expect((await send("GET", "/healthz?a=/../b", {})).status).toBe(200);
  for (const id of [".a", "a.", "a..b", "...", "..a"]) {
    const { body } = await send("GET", `/jobs/${id}`, { authorization: `Bearer ${apiToken}` });
    expect([id, body]).toEqual([id, expect.stringContaining('"code":"job_unknown"')]);
  }
});
