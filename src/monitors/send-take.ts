// Sends a take so that it leaves in time or not at all. A request counts as sent when its connection stands, not when somebody decided to
// send it: name look-up and connecting may take long, and a process may be stopped in between. So every take has a connection of its own
// (no reused one can turn out to be dead either), and its bytes are written only after a last look at the clock.
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { joinChunks } from "../bounded-body.ts";

export type TakeReply =
  | { readonly kind: "answered"; readonly status: number; readonly body: Uint8Array | null }
  /** the connection was never made, or too late: nothing left */
  | { readonly kind: "unsent"; readonly error: unknown }
  /** it left, and no full answer came */
  | { readonly kind: "silent"; readonly error: unknown; readonly sinceSentMs: number };

/**
 * One POST without a body. `sendBy`: performance.now() until which it may leave; `timeoutMs` from then on. A body of more than
 * `bodyLimit` bytes is null.
 */
export function sendTake(
  url: string,
  headers: Readonly<Record<string, string>>,
  sendBy: number,
  timeoutMs: number,
  bodyLimit: number,
): Promise<TakeReply> {
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
