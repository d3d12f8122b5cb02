// Node's entry: environment -> config -> compose -> listen. A signal drains: not ready, finish what is in flight, exit 0. A second
// signal exits at once.
import { readFileSync } from "node:fs";
import type { IncomingMessage, Server } from "node:http";
import { type Http2Bindings, type HttpBindings, serve } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { composeService, queueSettingsOf } from "./compose.ts";
import { adviseOn, parseConfig } from "./config.ts";
import { hasDotSegments } from "./http/dot-segments.ts";
import { refuse } from "./http/problem.ts";
import { createEventLog, createLog } from "./logging.ts";
import { nodeTransport } from "./monitors/called/node-transport.ts";
import { createEmbeddedStore } from "./store/embedded/embedded-store.ts";
import { createRedisStore } from "./store/redis/redis-store.ts";

/** Idle connections outlive the longest Retry-After, so that curl's retries reuse theirs. */
const keepAliveTimeoutMs = 75_000;
/** What a load balancer needs to see that we are no longer ready. */
const drainNoticeMs = 500;
/** Takes that wait for a monitor get this long, then their clients are told to come back; a leg may go on longer. */
const drainTakesMs = 7_000;
/** What is still open then is cut. */
const drainConnectionsMs = 10_000;

const parsed = parseConfig(process.env);
if (parsed.kind === "problems") {
  process.stderr.write(`runner-queue cannot start:\n${parsed.problems.map((problem) => `  ${problem}\n`).join("")}`);
  process.exit(1);
}
const { config } = parsed;
const log = createLog(config.LOG_LEVEL, config.LOG_FORMAT === "pretty" ? await createPrettyStream() : undefined);
const observe = createEventLog(log);
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const settings = queueSettingsOf(config);
const store =
  config.REDIS_URL === undefined
    ? createEmbeddedStore(settings, Date.now)
    : createRedisStore(config.REDIS_URL, settings, observe);
const service = await composeService(config, store, observe, version, {
  peerOf: (c) => getConnInfo(c).remote.address,
  transport: nodeTransport,
});
for (const advice of adviseOn(config)) log.warn(advice);

/**
 * Looks at the target as it was sent: the URL that the application gets is folded already. A promise always: a reply that
 * comes at once, before the request's body is read, makes the server reset the connection.
 */
async function answer(request: Request, env: Pick<HttpBindings, "incoming"> | Http2Bindings): Promise<Response> {
  return hasDotSegments(env.incoming.url ?? "") ? refuse("no_such_route") : await service.app.fetch(request, env);
}

const server = serve({ fetch: answer, hostname: config.HOST, port: config.PORT }, (address) => {
  log.info(
    { host: config.HOST, port: address.port, store: config.REDIS_URL === undefined ? "embedded" : "redis" },
    "listening",
  );
}) as Server;
const mostConnections = findMostConnections();
if (mostConnections !== null) server.maxConnections = mostConnections;
server.keepAliveTimeout = keepAliveTimeoutMs;
server.headersTimeout = 60_000;
server.requestTimeout = 60_000;
// Bodies carry nothing that we read; while one is unread, nobody notices that the client has hung up.
server.on("request", (incoming: IncomingMessage) => incoming.resume());
server.on("error", (error: NodeJS.ErrnoException) => {
  const advice: Record<string, string> = {
    EADDRINUSE: "something listens there already: stop it, or set PORT",
    EADDRNOTAVAIL: "HOST is no address of this machine",
    EACCES: "this user may not: set PORT above 1023",
  };
  const why = advice[error.code ?? ""] ?? error.code ?? error.name;
  process.stderr.write(`runner-queue cannot listen on ${config.HOST}:${config.PORT}: ${why}\n`);
  process.exit(1);
});
service.start();

let isStopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ signal }, "draining");
    void shutDown();
  });
}

/** One short line per event; loaded only where a person wants it. */
async function createPrettyStream() {
  const { default: pretty } = await import("pino-pretty");
  const colorize = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return pretty({ sync: true, singleLine: true, colorize, translateTime: "SYS:HH:MM:ss.l", destination: 1 });
}

/** Connections that leave some of this process's files for the monitors and the store; null where the limit cannot be read. */
function findMostConnections(): number | null {
  try {
    const files = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return files === undefined ? null : Math.max(16, Math.min(50_000, Math.floor(Number(files) * 0.8)));
  } catch {
    return null;
  }
}

async function shutDown(): Promise<void> {
  service.drain();
  await new Promise((resolve) => setTimeout(resolve, drainNoticeMs));
  const closed = new Promise((resolve) => server.close(resolve));
  // A connection kept alive by a request in flight becomes idle only when that is answered.
  const closeIdle = setInterval(() => server.closeIdleConnections(), 50);
  const letGo = setTimeout(service.letGo, drainTakesMs);
  const hurry = setTimeout(() => server.closeAllConnections(), drainConnectionsMs);
  await closed;
  clearTimeout(letGo);
  clearTimeout(hurry);
  clearInterval(closeIdle);
  await service.stop();
  log.info("stopped");
  process.exit(0);
}
