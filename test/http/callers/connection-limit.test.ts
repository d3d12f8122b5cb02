// Connections of one address over real sockets: what is above the limit hears a 503 that curl
// retries, never a reset, and everybody else gets in.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { limitConnections } from "../../../src/http/callers/connection-limit.ts";

const max = 5;

async function startLimited(trustedProxies: readonly string[] = []) {
  let answered = 0;
  const server = createServer((_, reply) => {
    answered += 1;
    reply.end("served");
  });
  limitConnections(server, { served: 1_000, atDoor: 10, perAddress: max }, trustedProxies, () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  return { server, port: (server.address() as AddressInfo).port, answered: () => answered };
}

interface Caller {
  readonly socket: Socket;
  readonly text: () => string;
  /** The error's code, or "ended". */
  readonly closed: Promise<string>;
}

/** A caller from an address of its own: everything in 127.0.0.0/8 is this machine. */
async function call(port: number, from: string): Promise<Caller> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: from });
  onTestFinished(() => void socket.destroy());
  let [text, end] = ["", "ended"];
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    end = error.code ?? "error";
  });
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(end)));
  await once(socket, "connect");
  return { socket, text: () => text, closed };
}

function openConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  await expect.poll(isSo).toBe(true);
}

/** Real curl, from an address of its own: exit code, status and headers. */
function curl(port: number, from: string, ...args: string[]): Promise<{ exitCode: number; output: string }> {
  const all = ["-sS", "-i", "--interface", from, ...args, `http://127.0.0.1:${port}/`];
  return new Promise((resolve) => {
    execFile("curl", all, (error, stdout) => {
      resolve({ exitCode: typeof error?.code === "number" ? error.code : 0, output: stdout });
    });
  });
}

async function fill(port: number, from: string): Promise<Caller[]> {
  return await Promise.all(Array.from({ length: max }, () => call(port, from)));
}

it("silent connections of one address keep nobody else out, and curl gets a 503 there that it retries", async () => {
  const { port, answered } = await startLimited();
  const silent = await fill(port, "127.0.0.2");
  const refused = await curl(port, "127.0.0.2");
  expect(refused).toEqual({ exitCode: 0, output: expect.stringMatching(/^HTTP\/1\.1 503 /) });
  for (const header of ["content-length: 0", "retry-after: 1", "x-queue-reason: too_many_connections"])
    expect(refused.output).toContain(`\r\n${header}\r\n`);
  expect(refused.output).toMatch(/\r\n\r\n$/);
  expect(answered()).toBe(0);
  expect((await curl(port, "127.0.0.3")).output).toMatch(/^HTTP\/1\.1 200 OK.*served$/s);
  // the place of one that leaves is free again, and the retry that the 503 asks for finds it
  const retried = curl(port, "127.0.0.2", "--retry", "50", "--retry-delay", "1");
  silent[0]?.socket.destroy();
  expect((await retried).output).toMatch(/served$/);
});

it("a request that is sent only after the 503 was written is no reason for a reset", async () => {
  const { port } = await startLimited();
  await fill(port, "127.0.0.2");
  const late = await call(port, "127.0.0.2");
  await once(late.socket, "data");
  late.socket.write(`POST /take/x HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n${"x".repeat(60_000)}`);
  expect(await late.closed).toBe("ended");
  expect(late.text()).toMatch(/^HTTP\/1\.1 503 .*\r\n\r\n$/s);
});

it("a caller who stays silent after the 503 is cut soon, and a flood of them is cut at once", async () => {
  const { server, port } = await startLimited();
  await fill(port, "127.0.0.2");
  const open = () => openConnections(server);
  const lingering = await fill(port, "127.0.0.2");
  for (const { socket } of lingering) socket.pause();
  await Promise.all((await fill(port, "127.0.0.2")).map(({ closed }) => closed));
  expect(await open()).toBeLessThanOrEqual(2 * max);
  await until(async () => (await open()) === max);
});

it("a trusted proxy brings everybody's connections, and has no limit of its own", async () => {
  const { server, port } = await startLimited(["127.0.0.8/30"]);
  for (let round = 0; round < 3; round++) await fill(port, "127.0.0.9");
  await until(async () => (await openConnections(server)) === 3 * max);
  expect((await curl(port, "127.0.0.9")).output).toMatch(/served$/);
});

it("addresses are counted one by one, and forgotten with their last connection", async () => {
  const { server, port } = await startLimited();
  for (let round = 0; round < 20; round++) {
    const callers = await fill(port, "127.0.0.2");
    await until(async () => (await openConnections(server)) === max);
    for (const { socket } of callers) socket.destroy();
    await until(async () => (await openConnections(server)) === 0);
  }
  expect((await curl(port, "127.0.0.2")).output).toMatch(/served$/);
});
