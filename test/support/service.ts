// The real service for end-to-end tests: a process of its own on a free port, with settings made
// for tests, that is gone when the test is over, however it ends.
import { join } from "node:path";
import { type LogLine, type ServiceProcess, spawnService, waitUntilReady } from "../../scripts/service-process.ts";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";

export const apiToken = "api-token-of-the-tests";
/** What simulated monitors are to expect. */
export const monitorToken = "monitor-token-of-the-tests";

/** Fast enough that tests need not wait for a snapshot. */
export const settingsForTests = {
  API_TOKENS: apiToken,
  MONITOR_API_TOKEN: monitorToken,
  MONITOR_POLL_INTERVAL: "100ms",
};

export interface ServiceOptions {
  /** Or a value for the setting MONITORS. */
  readonly monitors: readonly SimulatedMonitor[] | string;
  /** Over and above settingsForTests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absent: the embedded store. */
  readonly redisUrl?: string;
  /** Absent: any free one. To come back where another service was. */
  readonly port?: number;
  readonly args?: readonly string[];
  /** Absent: this version's. */
  readonly program?: string | undefined;
}

export interface RunningService extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  logLines(): readonly LogLine[];
  /** Resolves when such a line came or has come; rejects when the service ends without one. */
  onLog(predicate: (line: LogLine) => boolean, withinMs?: number): Promise<LogLine>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number>;
  kill9(): Promise<void>;
  /** SIGSTOP: the process is frozen, its connections stay open. */
  pause(): void;
  resume(): void;
  /** What lies beneath: signals, stderr, stray lines, the end. */
  readonly process: ServiceProcess;
}

/** The package's, where one was built for the tests; a bench runs the sources. */
const { BUILT_PACKAGE } = process.env;
export const builtService = BUILT_PACKAGE === undefined ? undefined : join(BUILT_PACKAGE, "serve.js");

/** Resolves when /readyz says 200. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { monitors, env, redisUrl, port, args, program = builtService } = options;
  const service = spawnService(
    {
      ...settingsForTests,
      MONITORS: typeof monitors === "string" ? monitors : monitorsSetting(monitors),
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
      ...(port === undefined ? {} : { PORT: String(port) }),
      ...env,
    },
    args,
    program,
  );
  const kill9 = async () => {
    service.send("SIGKILL");
    await service.ended;
  };
  const url = await waitUntilReady(service).catch(async (error: unknown) => {
    await kill9();
    throw error;
  });
  return {
    url,
    pid: service.pid,
    logLines: () => service.logLines,
    onLog: service.onLog,
    stop: async () => {
      service.send("SIGTERM");
      return await service.ended;
    },
    kill9,
    pause: () => service.send("SIGSTOP"),
    resume: () => service.send("SIGCONT"),
    process: service,
    [Symbol.asyncDispose]: kill9,
  };
}

export function monitorsSetting(monitors: readonly SimulatedMonitor[]): string {
  return monitors.map(({ name, url }) => `${name}=${url}`).join(",");
}
