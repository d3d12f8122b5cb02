// One keep-alive HTTP/1.1 connection over a bare socket, one request at a time. node:http's client
// costs about as much as the server that it asks, so that on two cores it would be the thing
// measured; this costs a fraction of it. Understands just enough of HTTP for our own replies: a
// status, headers, a Content-Length.
import { once } from "node:events";
import { connect } from "node:net";

export interface HttpReply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

export interface Connection {
  /** `request` is the whole of it, head and all. Rejects when the connection ends first. */
  send(request: string): Promise<HttpReply>;
  close(): void;
}

export async function openConnection(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  await once(socket, "connect");
  let received = "";
  let waiter: { resolve(reply: HttpReply): void; reject(error: Error): void } | null = null;

  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    received = received === "" ? text : received + text;
    const headEnd = received.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const head = received.slice(0, headEnd);
    const length = headerOf(head, "content-length");
    if (length === null) return void socket.destroy(new Error(`no Content-Length: ${head}`));
    const end = headEnd + 4 + Number(length);
    if (received.length < end) return;
    const reply = { status: Number(head.slice(9, 12)), head, body: received.slice(headEnd + 4, end) };
    received = "";
    const { resolve } = waiter ?? {};
    waiter = null;
    resolve?.(reply);
  });
  socket.on("error", (error) => waiter?.reject(error));
  socket.on("close", () => waiter?.reject(new Error("the connection ended")));

  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiter = { resolve, reject };
        socket.write(request, "latin1");
      }),
    close: () => socket.destroy(),
  };
}

export async function openConnections(url: string, count: number): Promise<readonly Connection[]> {
  return await Promise.all(Array.from({ length: count }, () => openConnection(url)));
}

/** The same headers as curl's. */
export function postRequest(path: string, bearer?: string): string {
  const authorization = bearer === undefined ? "" : `Authorization: Bearer ${bearer}\r\n`;
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${authorization}User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n`;
}

const patterns = new Map<string, RegExp>();

/** The value of a header, whatever the case of its name, or null. */
export function headerOf(head: string, name: string): string | null {
  let pattern = patterns.get(name);
  if (pattern === undefined) {
    pattern = new RegExp(`\\r\\n${name}: ([^\\r]*)`, "i");
    patterns.set(name, pattern);
  }
  return pattern.exec(head)?.[1] ?? null;
}
