// SIGHUP on Node: settings are read anew, one reload after the other, and the log says what came of each.
import type { Config } from "../config.ts";
import type { Log } from "../logging.ts";
import { isReloadable, reloadConfig } from "./reload.ts";
import type { Environment, LoadText } from "./sources.ts";

export interface ReloadDeps {
  readonly environment: Environment;
  readonly loadText: LoadText;
  readonly service: object;
  readonly log: Log;
}

export function reloadOnSignal(initial: Config, { environment, loadText, service, log }: ReloadDeps): void {
  let config = initial;
  const reload = async (): Promise<void> => {
    const reloaded = reloadConfig(config, environment, loadText);
    if (reloaded.kind === "problems")
      return log.error({ problems: reloaded.problems }, "settings not reloaded: nothing changes");
    for (const advice of reloaded.advice) log.warn(advice);
    const { changed } = reloaded;
    if (changed.length > 0 && !isReloadable(service))
      return log.warn({ settings: [...changed, ...reloaded.needsRestart] }, "changed settings need a restart");
    if (changed.length > 0 && isReloadable(service)) {
      const problems = await service.reload(reloaded.config);
      if (problems.length > 0) return log.error({ problems }, "settings not reloaded: nothing changes");
      config = reloaded.config;
    }
    if (reloaded.needsRestart.length > 0)
      log.warn({ settings: reloaded.needsRestart }, "changed settings need a restart");
    log.info({ changed }, "settings reloaded");
  };
  let last: Promise<void> = Promise.resolve();
  process.on("SIGHUP", () => {
    last = last.then(reload).catch((error: unknown) => {
      log.error(
        { error: error instanceof Error ? error.name : typeof error },
        "settings not reloaded: nothing changes",
      );
    });
  });
}
