// Node's way to a monitor. A take leaves in time or not at all: a request counts as sent when its connection stands, not when somebody decided to
// send it: name look-up and connecting may take long, and a process may be stopped in between. So every take has a connection of its own
// (no reused one can turn out to be dead either), and its bytes are written only after a last look at the clock.
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { joinChunks } from "../bounded-body.ts";
import type { MonitorTransport, TakeReply, TakeSending } from "./transport.ts";

/** Never rejects. */
function sendTake({ url, headers, sendBy, timeoutMs, bodyLimit }: TakeSending): Promise<TakeReply> {
  return new Promise((resolve) => {
    let sentAt: number | null = null;
    const send = url.startsWith("https:") ? requestHttps : requestHttp;
    const outgoing = send(url, { method: "POST", agent: false, headers: { ...headers, "content-length": "0" } });

    const finish = (reply: TakeReply): void => {
      clearTimeout(timer);
      resolve(reply);
      outgoing.destroy();
    };
    const fail = (error: unknown): void => {
      if (sentAt === null) finish({ kind: "unsent", error });
      else finish({ kind: "silent", error, sinceSentMs: performance.now() - sentAt });
    };
    const timeUp = () => fail(new DOMException("no answer in time", "TimeoutError"));
    let timer = setTimeout(timeUp, Math.max(0, sendBy - performance.now()));
    const leave = (): void => {
      const now = performance.now();
      if (now > sendBy) return timeUp();
      clearTimeout(timer);
      timer = setTimeout(timeUp, timeoutMs);
      sentAt = now;
      outgoing.end();
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
