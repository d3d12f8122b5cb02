// A forward proxy that passes everything on and notes whom it was asked for, whether by CONNECT or
// by a whole URL.
import { once } from "node:events";
import { createServer, request as sendRequest } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface RecordingProxy {
  readonly url: string;
  /** `host:port`, in order */
  readonly asked: readonly string[];
}

export async function startRecordingProxy(): Promise<RecordingProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "");
    asked.push(url.host);
    const { method, headers } = incoming;
    const passed = sendRequest(url, { method: method ?? "GET", headers, agent: false }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  server.on("connect", (incoming, client: Socket) => {
    const host = incoming.url ?? "";
    asked.push(host);
    const target = connect(Number(host.split(":")[1]), host.split(":")[0], () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      target.pipe(client).pipe(target);
    });
    sockets.add(target);
    target.on("error", () => client.destroy());
    client.on("error", () => target.destroy());
  });
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
