// Node's way to a monitor.
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { joinChunks } from "../../bounded-body.ts";
import { watchTake } from "./take-watch.ts";
import type { MonitorTransport, TakeReply, TakeSending } from "./transport.ts";

/** Never rejects. */
function sendTake(sending: TakeSending): Promise<TakeReply> {
  return new Promise((resolve) => {
    const { url, headers, bodyLimit } = sending;
    const send = url.startsWith("https:") ? requestHttps : requestHttp;
    const outgoing = send(url, { method: "POST", agent: false, headers: { ...headers, "content-length": "0" } });
    const { mayLeave, finish, fail } = watchTake(sending, (reply) => {
      resolve(reply);
      outgoing.destroy();
    });
    const leave = () => {
      if (mayLeave()) outgoing.end();
    };

    outgoing.on("error", fail);
    outgoing.on("socket", (socket) => socket.once(url.startsWith("https:") ? "secureConnect" : "connect", leave));
    outgoing.on("response", (incoming) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      incoming.on("data", (chunk: Uint8Array) => {
        size += chunk.byteLength;
        if (size > bodyLimit) finish({ kind: "answered", status: incoming.statusCode ?? 0, body: null });
        else chunks.push(chunk);
      });
      incoming.on("error", fail);
      incoming.on("aborted", () => fail(new Error("the answer broke off")));
      incoming.on("end", () =>
        finish({ kind: "answered", status: incoming.statusCode ?? 0, body: joinChunks(chunks, size) }),
      );
    });
  });
}

export const nodeTransport: MonitorTransport = { fetch: (_monitor, url, init) => fetch(url, init), sendTake };
