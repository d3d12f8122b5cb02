// Stands between a client and the real service and changes what passes: a queue that breaks exactly
// one promise, to prove that somebody notices.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface PassingRequest {
  readonly method: string;
  readonly path: string;
  readonly bearer: string | null;
}

export interface PassingReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Meddling {
  /** Absent: passed on as it is. */
  readonly request?: (request: PassingRequest) => PassingRequest;
  /**
   * Absent: passed on as it is. "cut": the connection breaks instead; the service has done its
   * part.
   */
  readonly reply?: (
    reply: PassingReply,
    request: PassingRequest,
  ) => PassingReply | "cut" | Promise<PassingReply | "cut">;
}

export interface Meddler extends AsyncDisposable {
  readonly url: string;
  /** What was passed on so far, as it came from the service. */
  readonly passed: readonly (PassingRequest & PassingReply)[];
}

export async function startMeddler(target: string, meddling: Meddling = {}): Promise<Meddler> {
  const passed: (PassingRequest & PassingReply)[] = [];
  // as long as the service's own: Node's 5 s may end just as a client sends its next request
  const server = createServer({ keepAliveTimeout: 75_000 }, (incoming, outgoing) => {
    const bearer = /^Bearer (.*)$/.exec(incoming.headers.authorization ?? "")?.[1] ?? null;
    const asked = { method: incoming.method ?? "", path: incoming.url ?? "", bearer };
    passOn(asked, outgoing).catch(() => outgoing.destroy());
  });

  async function passOn(asked: PassingRequest, outgoing: ServerResponse): Promise<void> {
    const onward = meddling.request?.(asked) ?? asked;
    const response = await fetch(target + onward.path, {
      method: onward.method,
      headers: onward.bearer === null ? {} : { authorization: `Bearer ${onward.bearer}` },
    });
    const body = await response.text();
    const reply = { status: response.status, headers: Object.fromEntries(response.headers), body };
    passed.push({ ...asked, ...reply });
    const meddled = (await meddling.reply?.(reply, asked)) ?? reply;
    if (meddled === "cut") {
      outgoing.destroy();
      return;
    }
    const { "content-length": _, "transfer-encoding": __, connection: ___, ...headers } = meddled.headers;
    outgoing.writeHead(meddled.status, headers).end(meddled.body);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
