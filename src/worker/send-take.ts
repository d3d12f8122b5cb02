// A take from a Worker. workerd's fetch and node:http do not tell whether a request left, and fetch
// reuses connections; its sockets do: nothing is written before "connect" (with TLS:
// "secureConnect"). So the request goes over a socket of its own, and a parser reads the reply.
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { HTTPParser } from "http-parser-js";
import { joinChunks } from "../bounded-body.ts";
import { systemClock } from "../clock.ts";
import { watchTake } from "../monitors/called/take-watch.ts";
import { type TakeReply, type TakeSending, wireLimit } from "../monitors/called/transport.ts";

/** The same contract as on Node, where it is tested too. Never rejects. */
export function sendTake(sending: TakeSending): Promise<TakeReply> {
  return new Promise((resolve) => {
    const { hostname, port, protocol, pathname, search, host } = new URL(sending.url);
    const isTls = protocol === "https:";
    const name = hostname.replace(/^\[|\]$/g, "");
    const address = { host: name, port: Number(port) || (isTls ? 443 : 80) };
    const isName = !/^[\d.]+$|:/.test(name);
    const socket = isTls ? connectTls({ ...address, ...(isName && { servername: name }) }) : connectTcp(address);
    const { mayLeave, finish, fail } = watchTake(systemClock, sending, (reply) => {
      resolve(reply);
      socket.destroy();
    });
    const ours = { host, connection: "close", "content-length": "0", "accept-encoding": "identity" };
    const leave = (): void => {
      if (!mayLeave()) return;
      const lines = Object.entries({ ...ours, ...sending.headers }).map(([header, value]) => `${header}: ${value}\r\n`);
      socket.write(`POST ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`);
    };
    const read = createReader(sending.bodyLimit, (status, body) => finish({ kind: "answered", status, body }));

    socket.on("error", fail);
    socket.once(isTls ? "secureConnect" : "connect", leave);
    socket.on("data", (chunk: Uint8Array) => {
      if (!read(chunk)) fail(new Error("not HTTP"));
    });
    socket.on("end", () => {
      read(null);
      fail(new Error("the answer broke off"));
    });
    socket.on("close", () => fail(new Error("the answer broke off")));
  });
}

/**
 * Takes what comes in, null for its end; false where that is no HTTP. `done` is called once, with
 * the first reply that is a final one.
 */
function createReader(bodyLimit: number, done: (status: number, body: Uint8Array | null) => void) {
  const parser = new HTTPParser(HTTPParser.RESPONSE);
  const chunks: Uint8Array[] = [];
  let size = 0;
  let wireBytes = 0;
  let status = 0;
  let isDone = false;
  const end = (body: Uint8Array | null): void => {
    if (!isDone) done(status, body);
    isDone = true;
  };
  parser[HTTPParser.kOnHeadersComplete] = (info) => {
    status = info.statusCode;
  };
  parser[HTTPParser.kOnBody] = (chunk, offset, length) => {
    // a monitor may say that a chunk has less than no bytes, and the parser would believe it for
    // ever
    if (length < 1) throw new Error("not HTTP");
    size += length;
    if (size > bodyLimit) end(null);
    else chunks.push(new Uint8Array(chunk.subarray(offset, offset + length)));
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    // 100 Continue and the like come before the reply itself
    if (status >= 200) end(joinChunks(chunks, size));
  };
  return (chunk: Uint8Array | null): boolean => {
    if (isDone) return true;
    // The parser keeps a line until it ends: chunk extensions and trailers as well.
    wireBytes += chunk?.byteLength ?? 0;
    if (wireBytes > wireLimit(bodyLimit)) {
      if (status < 200) return false;
      end(null);
      return true;
    }
    try {
      const result = chunk === null ? parser.finish() : parser.execute(Buffer.from(chunk));
      return !(result instanceof Error);
    } catch {
      return false;
    }
  };
}
