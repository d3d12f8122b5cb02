// Stands where the queue stands, and answers as a test tells it to: by itself, or by passing on to
// the real one.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly bearer: string;
  /** performance.now() at its receipt. */
  readonly at: number;
  /** How many of the same method and path came before. */
  readonly earlier: number;
}

export interface Answered {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** "hang": no answer; "reset": the connection is cut. */
export type Answer = (asked: Asked) => Answered | "hang" | "reset" | Promise<Answered | "hang" | "reset">;

export interface QueueDouble {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** "POST /take/N": ids and parameters left out. */
  readonly lines: () => string[];
}

/** Gone when the test is over. Any free port, unless told which. */
export async function startQueueDouble(answer: Answer, port = 0, host = "127.0.0.1"): Promise<QueueDouble> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void respond(request, response);
  });
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const method = request.method ?? "";
    const url = new URL(request.url ?? "/", "http://queue");
    const one: Asked = {
      method,
      url,
      bearer: request.headers.authorization?.replace(/^Bearer /, "") ?? "",
      at: performance.now(),
      earlier: asked.filter((other) => other.method === method && other.url.pathname === url.pathname).length,
    };
    asked.push(one);
    const reply = await answer(one);
    if (reply === "hang") return;
    if (reply === "reset") return void response.socket?.resetAndDestroy();
    response.writeHead(reply.status, reply.headers).end(reply.body ?? "");
  }
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    asked,
    lines: () => asked.map(({ method, url }) => `${method} ${url.pathname.replace(/[0-9a-f-]{36}/, "N")}`),
  };
}

/** A port at which nobody listens, until somebody does. */
export async function reservePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function passOn(target: string, { method, url, bearer }: Asked): Promise<Answered> {
  const headers: Record<string, string> = bearer === "" ? {} : { authorization: `Bearer ${bearer}` };
  const reply = await fetch(target + url.pathname + url.search, { method, headers });
  const kept = ["retry-after", "x-queue-position", "x-queue-reason", "content-type"];
  const passed = kept.flatMap((name) => {
    const value = reply.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { status: reply.status, headers: Object.fromEntries(passed), body: await reply.text() };
}

/** Long enough to be taken for a ticket. */
export const someTicket = `${"e".repeat(36)}.${"t".repeat(120)}.${"s".repeat(43)}`;

export const oneRunner: Answered = { status: 200, body: '{"id":7,"runner":{}}' };

/**
 * A queue that gives everybody a ticket, and takes what it is told: the last answer again and
 * again.
 */
export function answerTakes(...takes: readonly (Answered | "hang" | "reset")[]): Answer {
  return ({ method, url, earlier }) => {
    if (url.pathname.includes("enqueue")) return { status: 200, body: someTicket };
    if (method === "DELETE") return { status: 200, body: '{"state":"cancelled"}' };
    return takes[Math.min(earlier, takes.length - 1)] ?? { status: 404 };
  };
}

export function problem(status: number, code: string, title: string, detail?: string): Answered {
  return {
    status,
    headers: { "content-type": "application/problem+json" },
    body: JSON.stringify({ type: `urn:runner-queue:${code}`, title, status, code, ...(detail ? { detail } : {}) }),
  };
}
