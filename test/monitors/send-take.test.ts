// A take leaves in time or not at all, and what came of it is told apart by whether it left.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { sendTake } from "../../src/monitors/send-take.ts";

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

it("what did not leave in time does not leave at all", async () => {
  const { url, received } = await listen((socket) => socket.end(answer("null")));
  const reply = await sendTake(url, {}, performance.now() - 1, 1000, 100);
  expect(reply.kind).toBe("unsent");
  const connected = await sendTake(url, {}, soon(), 1000, 100);
  expect(connected.kind).toBe("answered");
  expect(received).toHaveLength(1);
});

it("nobody listening is unsent", async () => {
  const { url } = await listen(() => {});
  await new Promise((resolve) => server?.close(resolve));
  server = undefined;
  expect((await sendTake(url, {}, soon(), 1000, 100)).kind).toBe("unsent");
});

it("no answer, a reset and an answer that breaks off are silence, timed from when it left", async () => {
  const { url } = await listen((socket, text) => {
    if (text.includes("reset")) socket.resetAndDestroy();
    if (text.includes("partial")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nnul");
  });
  for (const path of ["", "/reset", "/partial"]) {
    const reply = await sendTake(url + path, {}, soon(), 200, 100);
    expect(reply, path).toMatchObject({ kind: "silent" });
    expect(reply.kind === "silent" && reply.sinceSentMs).toBeLessThan(1500);
  }
});

it("an answer is read up to the limit, and not further", async () => {
  const { url } = await listen((socket, text) => socket.end(answer(text.includes("long") ? "x".repeat(101) : "[1]")));
  expect(await sendTake(url, {}, soon(), 1000, 100)).toEqual({
    kind: "answered",
    status: 200,
    body: new Uint8Array(Buffer.from("[1]")),
  });
  expect(await sendTake(`${url}/long`, {}, soon(), 1000, 100)).toEqual({ kind: "answered", status: 200, body: null });
});
