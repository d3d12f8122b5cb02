// A take leaves in time or not at all, and what came of it is told apart by whether it left.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { nodeTransport } from "../../src/monitors/called/node-transport.ts";
import type { TakeReply, TakeSending } from "../../src/monitors/called/transport.ts";
import { sendTake as sendTakeFromWorker } from "../../src/worker/send-take.ts";

let server: Server | undefined;
const sockets = new Set<Socket>();

/** A server that hands every connection, and what it received, to `onBytes`. */
async function listen(onBytes: (socket: Socket, text: string) => void): Promise<{ url: string; received: string[] }> {
  const received: string[] = [];
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      received.push(chunk.toString());
      onBytes(socket, chunk.toString());
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/take`, received };
}

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  const closing = server;
  if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
  server = undefined;
});

const soon = () => performance.now() + 2000;
const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** On Node, and as it is done on Workers, whose sockets Node has as well. */
const senders: readonly (readonly [string, (sending: TakeSending) => Promise<TakeReply>])[] = [
  ["from Node", nodeTransport.sendTake],
  ["from a Worker", sendTakeFromWorker],
];

describe.each(senders)("a take %s", (_, sendTake) => {
  const send = (url: string, more: Partial<TakeSending> = {}) =>
    sendTake({ monitor: "m", url, headers: {}, sendBy: soon(), timeoutMs: 1000, bodyLimit: 100, ...more });

  it("what did not leave in time does not leave at all", async () => {
    const { url, received } = await listen((socket) => socket.end(answer("null")));
    const reply = await send(url, { sendBy: performance.now() - 1 });
    expect(reply.kind).toBe("unsent");
    const connected = await send(url);
    expect(connected.kind).toBe("answered");
    expect(received).toHaveLength(1);
  });

  it("nobody listening is unsent", async () => {
    const { url } = await listen(() => {});
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    expect((await send(url)).kind).toBe("unsent");
  });

  it("no answer, a reset and an answer that breaks off are silence, timed from when it left", async () => {
    const { url } = await listen((socket, text) => {
      if (text.includes("reset")) socket.resetAndDestroy();
      if (text.includes("partial")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nnul");
    });
    for (const path of ["", "/reset", "/partial"]) {
      const reply = await send(url + path, { timeoutMs: 200 });
      expect(reply, path).toMatchObject({ kind: "silent" });
      expect(reply.kind === "silent" && reply.sinceSentMs).toBeLessThan(1500);
    }
  });

  it("an answer is read up to the limit, and not further", async () => {
    const { url } = await listen((socket, text) => socket.end(answer(text.includes("long") ? "x".repeat(101) : "[1]")));
    expect(await send(url)).toEqual({
      kind: "answered",
      status: 200,
      body: new Uint8Array(Buffer.from("[1]")),
    });
    expect(await send(`${url}/long`)).toEqual({ kind: "answered", status: 200, body: null });
  });

  it("the reply may come in chunks, in pieces, after a 100 Continue, or end with the connection", async () => {
    const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n";
    const { url } = await listen(async (socket, text) => {
      if (text.includes("chunked")) socket.end(chunked);
      if (text.includes("continue")) socket.end(`HTTP/1.1 100 Continue\r\n\r\n${answer("[1]")}`);
      if (text.includes("close")) socket.end("HTTP/1.1 200 OK\r\n\r\n[1]");
      if (text.includes("pieces")) {
        for (const byte of chunked) {
          socket.write(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    });
    for (const path of ["/chunked", "/continue", "/close", "/pieces"]) {
      const reply = await send(url + path);
      expect(reply, path).toEqual({ kind: "answered", status: 200, body: new Uint8Array(Buffer.from("[1]")) });
    }
  });

  it("what is no HTTP, or ends too soon, is silence", async () => {
    const { url } = await listen((socket, text) => {
      if (text.includes("smtp")) socket.end("220 mail.example ESMTP\r\n");
      if (text.includes("head")) socket.end("HTTP/1.1 200 OK\r\nContent-Le");
      if (text.includes("chunk")) socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n[1");
      if (text.includes("nothing")) socket.end();
      if (text.includes("less"))
        socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n[1]\r\n0\r\n\r\n");
      if (text.includes("debt")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n[1]");
    });
    for (const path of ["/smtp", "/head", "/chunk", "/nothing", "/less", "/debt"]) {
      expect(await send(url + path), path).toMatchObject({ kind: "silent" });
    }
  });

  it.each([
    ["a chunk's extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"],
    [
      "extensions of many chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "1;x=yyyyyyyyyyyyy\r\n[\r\n",
    ],
    ["trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n0\r\n", "x-trailer: yyyyyyy\r\n"],
    ["headers", "HTTP/1.1 200 OK\r\n", "x-header: yyyyyyy\r\n"],
    ["one header", "HTTP/1.1 200 OK\r\nx-header: ", "y"],
    ["replies that are none yet", "", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["the reply's first line", "HTTP/1.1 200 ", "O"],
  ])(
    "%s without end is cut off after some bytes, long before the time is over",
    async (_, begin, repeated) => {
      let sentBytes = 0;
      const piece = repeated.repeat(Math.ceil(65_536 / repeated.length));
      const { url } = await listen((socket) => {
        socket.write(begin);
        const go = () => {
          while (!socket.destroyed && socket.write(piece)) sentBytes += piece.length;
        };
        socket.on("drain", go);
        go();
      });
      const begun = performance.now();
      const reply = await send(url, { timeoutMs: 60_000 });
      expect(performance.now() - begun).toBeLessThan(30_000);
      if (reply.kind === "answered") expect(reply).toEqual({ kind: "answered", status: 200, body: null });
      else expect(reply.kind).toBe("silent");
      // what sockets hold between the two comes on top of what was read
      expect(sentBytes).toBeLessThan(32 * 1024 * 1024);
    },
    120_000,
  );

  it("carries our headers, and no length but 0", async () => {
    const { url, received } = await listen((socket) => socket.end(answer("null")));
    await send(`${url}?unique_id=a&run_id=1`, { headers: { authorization: "Bearer x", "take-not-after": "5" } });
    const [request = ""] = received;
    expect(request).toMatch(/^POST \/take\?unique_id=a&run_id=1 HTTP\/1.1\r\n/);
    const headers = request.toLowerCase();
    for (const line of ["authorization: bearer x", "take-not-after: 5", "content-length: 0", "host: 127.0.0.1:"])
      expect(headers).toContain(`\r\n${line}`);
  });
});
