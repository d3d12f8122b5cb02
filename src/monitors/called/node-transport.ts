// Node's way to a monitor: always straight there. Node's own fetch goes through HTTP_PROXY where
// NODE_USE_ENV_PROXY is set. A take must not: a connection to a proxy does not tell whether the
// monitor can be reached, and a proxy may send late what had to leave in time. So dashboards do not
// either: what can be polled can be asked.
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Readable } from "node:stream";
import { joinChunks } from "../../bounded-body.ts";
import { systemClock } from "../../clock.ts";
import { watchTake } from "./take-watch.ts";
import { type FetchMonitor, type MonitorTransport, type TakeReply, type TakeSending, wireLimit } from "./transport.ts";

/** `agent: false` is a new connection, and no proxy. */
const requestFor = (url: string) => (url.startsWith("https:") ? requestHttps : requestHttp);

const fetchMonitor: FetchMonitor = (_monitor, url, { headers, signal }) =>
  new Promise((resolve, reject) => {
    const outgoing = requestFor(url)(url, { agent: false, headers: { ...headers }, signal });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      try {
        resolve(toResponse(incoming));
      } catch (error) {
        outgoing.destroy();
        reject(error);
      }
    });
    outgoing.end();
  });

/** Statuses that a Response may have no body with. */
const bodiless = [204, 205, 304];

function toResponse(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 0;
  if (bodiless.includes(status)) {
    incoming.resume();
    return new Response(null, { status });
  }
  // Node has this class twice, with types that do not know each other
  const body = Readable.toWeb(incoming) as unknown as ConstructorParameters<typeof Response>[0];
  return new Response(body, { status });
}

/** Never rejects. */
function sendTake(sending: TakeSending): Promise<TakeReply> {
  return new Promise((resolve) => {
    const { url, headers, bodyLimit } = sending;
    const outgoing = requestFor(url)(url, {
      method: "POST",
      agent: false,
      headers: { ...headers, "content-length": "0" },
    });
    const { mayLeave, finish, fail } = watchTake(systemClock, sending, (reply) => {
      resolve(reply);
      outgoing.destroy();
    });
    const leave = () => {
      if (mayLeave()) outgoing.end();
    };

    outgoing.on("error", fail);
    let status: number | null = null;
    let wireBytes = 0;
    outgoing.on("socket", (socket) => {
      socket.once(url.startsWith("https:") ? "secureConnect" : "connect", leave);
      socket.on("data", (bytes: Uint8Array) => {
        wireBytes += bytes.byteLength;
        if (wireBytes <= wireLimit(bodyLimit)) return;
        if (status === null) fail(new Error("not HTTP"));
        else finish({ kind: "answered", status, body: null });
      });
    });
    outgoing.on("response", (incoming) => {
      status = incoming.statusCode ?? 0;
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

export const nodeTransport: MonitorTransport = { fetch: fetchMonitor, sendTake };
