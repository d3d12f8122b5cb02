// Node's entry: environment -> config -> compose -> listen. A signal drains: not ready, finish what
// is in flight, exit 0. A second signal exits at once. SIGHUP reads the settings anew.
import { readFileSync } from "node:fs";
import { getConnInfo } from "@hono/node-server/conninfo";
import packageJson from "../package.json" with { type: "json" };
import { composeService } from "./compose.ts";
import { queueSettingsOf } from "./config/queue-settings.ts";
import { createSettingsReloader } from "./config/settings-reloader.ts";
import { parseConfig } from "./config.ts";
import { listenEverywhere } from "./listeners.ts";
import { createEventLog, createLog } from "./logging.ts";
import { nodeTransport } from "./monitors/called/node-transport.ts";
import { openNodeStore } from "./store/node-store.ts";

/** What a load balancer needs to see that we are no longer ready. */
const drainNoticeMs = 500;
/**
 * Takes that wait for a monitor get this long, then their clients are told to come back; a leg may
 * go on longer.
 */
const drainTakesMs = 7_000;

const loadText = (path: string) => readFileSync(path, "utf8");
const parsed = parseConfig(process.env, loadText);
if (parsed.kind === "problems") {
  process.stderr.write(`runner-queue cannot start:\n${parsed.problems.map((problem) => `  ${problem}\n`).join("")}`);
  process.exit(1);
}
const { config } = parsed;
const log = createLog(config.LOG_LEVEL, config.LOG_FORMAT === "pretty" ? await createPrettyStream() : undefined);
const observe = createEventLog(log);
const settings = queueSettingsOf(config);
const storeKind = config.REDIS_URL === undefined ? "embedded" : "redis";
const opened = await openNodeStore(
  {
    redisUrl: config.REDIS_URL,
    redisPrefix: config.REDIS_PREFIX,
    dataFile: config.DATA_FILE,
    monitors: config.MONITORS.map(({ name }) => name),
  },
  settings,
  observe,
);
if (opened.kind === "refused") {
  process.stderr.write(`runner-queue cannot start:\n  ${opened.why}\n`);
  process.exit(1);
}
const service = await composeService(config, opened.store, observe, packageJson.version, {
  peerOf: (c) => getConnInfo(c).remote.address,
  transport: nodeTransport,
  usage: () => {
    const { user, system } = process.cpuUsage();
    const startedAt = Date.now() / 1000 - process.uptime();
    return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss(), startedAt };
  },
});
for (const advice of [...parsed.advice, ...opened.advice]) log.warn(advice);

const { HOST, PORT, TRUSTED_PROXIES } = config;
const { app, polls, callOffHold } = service;
const listening = await listenEverywhere(HOST, PORT, app.fetch, polls, TRUSTED_PROXIES, callOffHold);
if (listening.kind === "failed") {
  process.stderr.write(`runner-queue cannot listen on ${listening.host}:${config.PORT}: ${listening.why}\n`);
  process.exit(1);
}
const { listeners } = listening;
service.start();
// At a terminal SIGHUP says that its window was closed: nobody would end the queue any more.
const isAtTerminal = process.stdin.isTTY === true;
if (!isAtTerminal) {
  process.on("SIGHUP", createSettingsReloader(config, { environment: process.env, loadText, service, log }));
}

let isStopping = false;
for (const signal of ["SIGTERM", "SIGINT", ...(isAtTerminal ? (["SIGHUP"] as const) : [])] as const) {
  process.on(signal, () => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ signal }, "draining");
    void shutDown();
  });
}
// Last: whoever reads it may send a signal at once.
for (const { host, port } of listeners.addresses) log.info({ host, port, store: storeKind }, "listening");

/** One short line per event; loaded only where a person wants it. */
async function createPrettyStream() {
  const { default: pretty } = await import("pino-pretty");
  const colorize = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return pretty({ sync: true, singleLine: true, colorize, translateTime: "SYS:HH:MM:ss.l", destination: 1 });
}

async function shutDown(): Promise<void> {
  service.drain();
  await new Promise((resolve) => setTimeout(resolve, drainNoticeMs));
  const letGo = setTimeout(service.letGo, drainTakesMs);
  await listeners.close();
  clearTimeout(letGo);
  await service.stop();
  log.info("stopped");
  process.exit(0);
}
