// The queue as it runs on Workers: wrangler's own development server, offline, on a free port, with
// Durable Objects in a folder that may outlive it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endWithUs } from "../../scripts/end-with-us.ts";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { loadProcesses, type SeenProcess } from "./processes.ts";
import { apiToken, monitorToken } from "./service.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const wrangler = fileURLToPath(import.meta.resolve("wrangler"));
const settingsForTests = { API_TOKENS: apiToken, MONITOR_API_TOKEN: monitorToken, MONITOR_POLL_INTERVAL: "100ms" };

export interface WorkerOptions {
  /** Or a value for the setting MONITORS. */
  readonly monitors: readonly SimulatedMonitor[] | string;
  readonly env?: Readonly<Record<string, string>>;
  readonly redisUrl?: string;
  /** false: it is returned as soon as it listens, whatever it says */
  readonly waitsUntilReady?: boolean;
}

export interface RunningWorker extends AsyncDisposable {
  readonly url: string;
  /** Everything that was printed, the queue's log among it. */
  output(): string;
  /**
   * kill -9 of the runtime beneath wrangler, which starts it anew: every invocation is cut where it
   * stands.
   */
  cutInvocations(): void;
  /** Resolves when /readyz says 200. */
  ready(): Promise<void>;
  /** What the cron trigger does once a minute; it is never triggered here by itself. */
  runSchedule(): Promise<void>;
}

/** Where nothing goes out to anybody, and nothing is written into the user's home. */
export function quietly(folder: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    CI: "1",
    NO_COLOR: "1",
  };
}

/** wrangler as a process. */
export function spawnWrangler(args: readonly string[], folder: string): ChildProcess {
  const child = spawn(process.execPath, ["--no-warnings", wrangler, ...args], {
    cwd: root,
    // a group of its own: what it starts is ended with it
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: quietly(folder),
  });
  endWithUs(child);
  return child;
}

/** Resolves when /readyz says 200. */
export async function startWorker({
  monitors,
  env,
  redisUrl,
  waitsUntilReady = true,
}: WorkerOptions): Promise<RunningWorker> {
  const folder = await mkdtemp(join(tmpdir(), "rq-worker-"));
  const settings = {
    ...settingsForTests,
    MONITORS: typeof monitors === "string" ? monitors : monitors.map(({ name, url }) => `${name}=${url}`).join(" "),
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    ...env,
  };
  const vars = Object.entries(settings).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  const place = ["--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0", "--persist-to", folder];
  const child = spawnWrangler(["dev", ...place, ...vars], folder);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const dispose = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await Promise.race([ended, delay(5_000, undefined, { ref: false })]);
    }
    killGroup(child);
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    const url = await until(
      60_000,
      () => output,
      () => {
        if (child.exitCode !== null) throw new Error(`wrangler ended:\n${output}`);
        return /Ready on (http:\S+)/.exec(output)?.[1];
      },
    );
    const worker: RunningWorker = {
      url,
      output: () => output,
      cutInvocations: () => {
        // the other one is wrangler's own door, which stays
        const isOurs = ({ parent, command }: SeenProcess) =>
          parent === child.pid && command.includes("--inspector-addr");
        const runtime = loadProcesses().find(isOurs);
        if (runtime === undefined) throw new Error("no workerd runs");
        process.kill(runtime.pid, "SIGKILL");
      },
      ready: () => untilReady(url, () => output),
      runSchedule: async () => {
        const reply = await fetch(`${url}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`);
        if (reply.status !== 200) throw new Error(`the schedule was answered ${reply.status}`);
      },
      [Symbol.asyncDispose]: dispose,
    };
    if (waitsUntilReady) await worker.ready();
    return worker;
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function untilReady(url: string, output: () => string): Promise<void> {
  await until(60_000, output, async () => {
    const reply = await fetch(`${url}/readyz`).catch(() => null);
    await reply?.body?.cancel();
    return reply?.status === 200 ? true : undefined;
  });
}

/** Workers' runtime says nothing of what we wait for: it is looked at again and again. */
async function until<T>(
  withinMs: number,
  output: () => string,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > giveUpAt) throw new Error(`it never came to be so:\n${output()}`);
    await delay(20);
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it is gone already
  }
}
