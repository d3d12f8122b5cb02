// How many connections there may be: of one address, so that silent ones of one caller cannot shut
// everybody out, and in all.
//
//   in all below the limit ---> served; when places run short, somebody who is held is called off for each that comes
//   the house is full ---> at the door: its request is read, a health check is answered, all else hears 503, and it ends
//   the door is full, too ---> cut
//   its address has its share ---> an empty 503 at once, whatever it wanted, and it ends
//
// Whoever is turned away is read to their end until then, for a reset would overtake the 503, and
// curl does not retry a reset. They may linger that way for a second, and as many of an address as
// may be served; what comes above that is cut.
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { countedAddress, isInRange } from "../../address-range.ts";
import { comeBack } from "../problem.ts";
import { parseTrustedProxies } from "./caller.ts";

const lingerMs = 1_000;
/** From this part of all places on, they run short. */
const shortFrom = 0.9;
/** The part of all connections that is kept for those at the door. */
const shareOfDoor = 1 / 8;
/**
 * Of all connections, one address may hold this part: many workflows share a NAT, but none shuts
 * everybody out.
 */
const shareOfOneAddress = 1 / 4;
const minPerAddress = 64;

export interface ConnectionLimits {
  /** connections that are served at once */
  readonly served: number;
  readonly atDoor: number;
  /** an IPv6 /64 counts as one address */
  readonly perAddress: number;
}

/** @param max connections of one server, in all */
export function planConnections(max: number): ConnectionLimits {
  const atDoor = Math.max(4, Math.floor(max * shareOfDoor));
  const served = max - atDoor;
  return { served, atDoor, perAddress: Math.max(minPerAddress, Math.floor(served * shareOfOneAddress)) };
}

export interface ConnectionLimit {
  /** Whether a connection is only at the door. */
  isAtDoor(socket: Socket): boolean;
  /** Whether places run short: replies end their connections. */
  isShort(): boolean;
}

/**
 * Call it before the server listens.
 * @param trustedProxies TRUSTED_PROXIES: they bring everybody's connections, so they have no limit
 * but that of all
 * @param onShort called for each connection that comes when places run short
 */
export function limitConnections(
  server: Server<typeof IncomingMessage>,
  { served: maxServed, atDoor: maxAtDoor, perAddress }: ConnectionLimits,
  trustedProxies: readonly string[],
  onShort: () => void,
): ConnectionLimit {
  const trusted = parseTrustedProxies(trustedProxies);
  const all = createCounter();
  const served = createCounter();
  const door = createCounter();
  const turnedAway = createCounter();
  const socketsAtDoor = new WeakSet<Socket>();
  const isShort = () => all.count("") >= maxServed * shortFrom;
  // Node's own listener would parse and answer what is above the limit, too.
  const serveConnection = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", function admit(this: Server, socket: Socket) {
    const peer = socket.remoteAddress ?? "";
    const address = countedAddress(peer) ?? "";
    const hasShare = isInRange(trusted, peer) || served.enter(address, perAddress, socket);
    if (!hasShare) {
      if (turnedAway.enter(address, perAddress, socket)) turnAway(socket);
      else socket.destroy();
      return;
    }
    if (!all.enter("", maxServed, socket)) {
      if (!door.enter("", maxAtDoor, socket)) {
        socket.destroy();
        return;
      }
      socketsAtDoor.add(socket);
      endSoon(socket);
    }
    if (isShort()) onShort();
    for (const serve of serveConnection) serve.call(this, socket);
  });
  return { isAtDoor: (socket) => socketsAtDoor.has(socket), isShort };
}

/** Counts open connections by address, or by nothing; forgets an address with its last one. */
function createCounter() {
  const counts = new Map<string, number>();
  return {
    count: (address: string): number => counts.get(address) ?? 0,
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

function endSoon(socket: Socket): void {
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(cut));
}

function turnAway(socket: Socket): void {
  // a caller who is gone already is no news
  socket.on("error", () => {});
  endSoon(socket);
  socket.resume();
  socket.end(writeReply(comeBack("too_many_connections", 1)));
}

/** An empty reply as it stands on the wire, and the last one of its connection. */
function writeReply({ status, headers }: Response): string {
  const fields = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} \r\n${fields}connection: close\r\n\r\n`;
}
