// Node's HTTP servers: one for each address of HOST, all with the same application. All listen, or
// none does.
import { readFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { whenKnown } from "./at-once.ts";
import { type ConnectionLimit, limitConnections, planConnections } from "./http/callers/connection-limit.ts";
import { hasDotSegments } from "./http/dot-segments.ts";
import type { Polls } from "./http/polls/polls.ts";
import { comeBack, refuse } from "./http/problem.ts";
import { createPlainPolls } from "./plain-polls.ts";

/** Idle connections outlive the longest Retry-After, so that curl's retries reuse theirs. */
const keepAliveTimeoutMs = 75_000;
/** Who opens a connection and says nothing holds a place that somebody else may need. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
/** Node looks for late connections this often; by default only every 30 s. */
const checkConnectionsEveryMs = 1_000;
/**
 * When places run short, connections that are only kept for later are closed, at most this often.
 */
const closeIdleEveryMs = 1_000;
/** What is still open then is cut. */
const drainConnectionsMs = 10_000;

export interface Listeners {
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** Takes no new connection, and resolves when the old ones are gone. */
  close(): Promise<void>;
}

export type ListenResult =
  | { readonly kind: "listening"; readonly listeners: Listeners }
  | { readonly kind: "failed"; readonly host: string; readonly why: string };

export type Fetch = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

/**
 * @param polls answers plain polls, which `fetch` never sees
 * @param trustedProxies TRUSTED_PROXIES: connections of these are not limited by address
 * @param makeRoom called when places for connections run short: somebody who is held is to be
 * answered now
 */
export async function listenEverywhere(
  hosts: readonly string[],
  port: number,
  fetch: Fetch,
  polls: Polls,
  trustedProxies: readonly string[],
  makeRoom: () => void,
): Promise<ListenResult> {
  const servers = hosts.map(() => createListener(fetch, polls, hosts.length, trustedProxies, makeRoom));
  const connections = trackConnections(servers);
  const results = await Promise.all(servers.map((server, at) => listen(server, hosts[at] ?? "", port)));
  const failed = results.findIndex((error) => error !== null);
  if (failed >= 0) {
    for (const server of servers) server.close();
    return { kind: "failed", host: hosts[failed] ?? "", why: describeFailure(results[failed] ?? {}) };
  }
  const addresses = servers.map((server, at) => ({
    host: hosts[at] ?? "",
    port: (server.address() as AddressInfo).port,
  }));
  return { kind: "listening", listeners: { addresses, close: () => closeAll(servers, connections) } };
}

function createListener(
  fetch: Fetch,
  polls: Polls,
  listeners: number,
  trustedProxies: readonly string[],
  makeRoom: () => void,
): Server {
  let limit: ConnectionLimit | undefined;
  const isAtDoor = ({ socket }: IncomingMessage) => limit?.isAtDoor(socket) === true;
  /** Its place is somebody else's as soon as it is answered. */
  const giveUpPlace = (outgoing: ServerResponse) => {
    if (limit?.isShort() === true) outgoing.shouldKeepAlive = false;
  };
  const server = createAdaptorServer({
    fetch: (request, bindings) => {
      const { incoming, outgoing } = bindings as HttpBindings;
      const isTurnedAway = isAtDoor(incoming);
      if (isTurnedAway) outgoing.shouldKeepAlive = false;
      giveUpPlace(outgoing);
      const { hosts, hasBody } = lookAtHeaders(incoming);
      const reply = (): Response | Promise<Response> => {
        if (isTurnedAway && !isHealthCheck(incoming.url ?? "")) return comeBack("too_many_connections", 1);
        if (hosts > 1) return refuse("repeated_parameter", "There are two Host headers");
        // The target as it was sent: the URL that the application gets is folded already.
        if (hasDotSegments(incoming.url ?? "")) return refuse("no_such_route");
        return whenKnown(fetch(request, bindings as HttpBindings), (response) => {
          giveUpPlace(outgoing);
          return response;
        });
      };
      // A reply that comes at once, before the request's body is read, makes the server reset the
      // connection; and clients send bodies without a length with methods that have none. A poll is
      // a POST without a body, and a promise would cost it a tenth of its time.
      return incoming.method === "POST" && !hasBody ? reply() : Promise.resolve().then(reply);
    },
    serverOptions: {
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkConnectionsEveryMs,
    },
  }) as Server;
  const maxConnections = findMaxConnections();
  if (maxConnections !== null) {
    const plan = planConnections(Math.floor(maxConnections / listeners));
    let closedIdleAt = Number.NEGATIVE_INFINITY;
    limit = limitConnections(server, plan, trustedProxies, () => {
      makeRoom();
      if (performance.now() - closedIdleAt < closeIdleEveryMs) return;
      closedIdleAt = performance.now();
      server.closeIdleConnections();
    });
  }
  const answerPlainPoll = createPlainPolls(polls, giveUpPlace);
  const handOn = server.listeners("request") as ((incoming: IncomingMessage, outgoing: ServerResponse) => void)[];
  server.removeAllListeners("request");
  server.on("request", function serve(this: Server, incoming: IncomingMessage, outgoing: ServerResponse) {
    if (!isAtDoor(incoming) && answerPlainPoll(incoming, outgoing)) return;
    for (const listener of handOn) listener.call(this, incoming, outgoing);
    // Nearly all bodies carry nothing that we read; while one is unread, nobody notices that the
    // client has hung up.
    if (!carriesBody(incoming.url ?? "")) incoming.resume();
    else outgoing.once("close", () => incoming.resume());
  });
  return server;
}

/** Whoever looks whether the queue is well is answered in a full house, too. */
function isHealthCheck(target: string): boolean {
  return /\/(healthz|readyz)(\?|$)/.test(target);
}

const bodyRoutes =
  /\/(github\/webhook|policy|runs\/[^/?]+\/enqueue|monitors\/[^/?]+\/(fetch|legs\/[^/?]+\/settle))\/?(\?|$)/;

/** Whether a route reads the body of what comes to it; BASE_PATH may stand before the path. */
function carriesBody(target: string): boolean {
  return bodyRoutes.test(target);
}

/**
 * How many Host headers there are, and whether a body may follow. With two, a proxy in front may
 * have believed the other one (RFC 9112 section 3.2 wants a 400); Node keeps the first and says
 * nothing.
 */
function lookAtHeaders({ rawHeaders }: IncomingMessage): { readonly hosts: number; readonly hasBody: boolean } {
  let hosts = 0;
  let hasBody = false;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length === 4) hosts += name.toLowerCase() === "host" ? 1 : 0;
    else if (name.length === 14) hasBody ||= name.toLowerCase() === "content-length" && rawHeaders[at + 1] !== "0";
    else if (name.length === 17) hasBody ||= name.toLowerCase() === "transfer-encoding";
  }
  return { hosts, hasBody };
}

/** Null where it listens now. */
function listen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    server.once("error", resolve);
    server.listen(port, host, () => {
      server.off("error", resolve);
      resolve(null);
    });
  });
}

function describeFailure(error: Partial<NodeJS.ErrnoException>): string {
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: "something listens there already: stop it, or set PORT",
    EADDRNOTAVAIL: "HOST is no address of this machine",
    ENOTFOUND: "HOST is no address of this machine",
    EACCES: "this user may not: set PORT above 1023",
  };
  return advice[error.code ?? ""] ?? error.code ?? error.name ?? "unknown";
}

function trackConnections(servers: readonly Server[]): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  for (const server of servers) {
    server.on("connection", (socket: Socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    });
  }
  return open;
}

async function closeAll(servers: readonly Server[], connections: ReadonlySet<Socket>): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const closeIdle = () => {
    for (const server of servers) server.closeIdleConnections();
    // Browsers and proxies open connections for later; Node calls none idle that never said a word.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  };
  // A connection kept alive by a request in flight becomes idle only when that is answered.
  const idleTimer = setInterval(closeIdle, 50);
  const hurry = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, drainConnectionsMs);
  await closed;
  clearTimeout(hurry);
  clearInterval(idleTimer);
}

/**
 * Connections that leave some of this process's files for the monitors and the store; null where
 * the limit cannot be read.
 */
function findMaxConnections(): number | null {
  try {
    const files = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return files === undefined ? null : Math.max(16, Math.min(50_000, Math.floor(Number(files) * 0.8)));
  } catch {
    return null;
  }
}
