// At most so many connections from one address, so that silent ones of one caller cannot shut
// everybody out.
//
// A connection above the limit is answered at once, whatever it wanted: an empty 503 that curl
// retries, and the connection ends. It is read to its end until then, for a reset would overtake
// the 503, and curl does not retry a reset. It may linger that way for a second, and as many again
// as the limit may do so at once; what comes above that is cut.
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { countedAddress, isInRange } from "../../address-range.ts";
import { comeBack } from "../problem.ts";
import { parseTrustedProxies } from "./caller.ts";

const lingerMs = 1_000;

/**
 * Call it before the server listens.
 * @param maxPerAddress an IPv6 /64 counts as one address
 * @param trustedProxies TRUSTED_PROXIES: they bring everybody's connections, so they have no limit
 * but the server's own
 */
export function limitConnectionsPerAddress(
  server: Server<typeof IncomingMessage>,
  maxPerAddress: number,
  trustedProxies: readonly string[],
): void {
  const trusted = parseTrustedProxies(trustedProxies);
  const served = createCounter();
  const turnedAway = createCounter();
  // Node's own listener would parse and answer what is above the limit, too.
  const serveConnection = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", function admit(this: Server, socket: Socket) {
    const peer = socket.remoteAddress ?? "";
    const address = countedAddress(peer) ?? "";
    if (isInRange(trusted, peer) || served.enter(address, maxPerAddress, socket)) {
      for (const serve of serveConnection) serve.call(this, socket);
    } else if (turnedAway.enter(address, maxPerAddress, socket)) {
      turnAway(socket);
    } else {
      socket.destroy();
    }
  });
}

/** Counts open connections by address; forgets an address with its last one. */
function createCounter() {
  const counts = new Map<string, number>();
  return {
    enter: (address: string, max: number, socket: Socket): boolean => {
      const count = counts.get(address) ?? 0;
      if (count >= max) return false;
      counts.set(address, count + 1);
      socket.once("close", () => {
        const left = (counts.get(address) ?? 1) - 1;
        if (left > 0) counts.set(address, left);
        else counts.delete(address);
      });
      return true;
    },
  };
}

function turnAway(socket: Socket): void {
  // a caller who is gone already is no news
  socket.on("error", () => {});
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(cut));
  socket.resume();
  socket.end(writeReply(comeBack("too_many_connections", 1)));
}

/** An empty reply as it stands on the wire, and the last one of its connection. */
function writeReply({ status, headers }: Response): string {
  const fields = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} \r\n${fields}connection: close\r\n\r\n`;
}
