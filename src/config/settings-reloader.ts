// What Node does upon SIGHUP: settings are read anew, one reload after the other, and the log says
// what came of each. Nothing is taken over by halves: the service has the last word, and where it
// objects the old configuration stays the one to compare with.
import type { Config } from "../config.ts";
import type { Log } from "../logging.ts";
import { type Reloadable, reloadConfig } from "./reload.ts";
import type { Environment, LoadText } from "./sources.ts";

export interface SettingsReloaderDeps {
  readonly environment: Environment;
  readonly loadText: LoadText;
  readonly service: Reloadable;
  readonly log: Log;
}

/** The function to call for each reload; it never rejects. */
export function createSettingsReloader(initial: Config, deps: SettingsReloaderDeps): () => Promise<void> {
  const { environment, loadText, service, log } = deps;
  let config = initial;
  const refuse = (problems: readonly string[]) => {
    service.noteReload(false);
    log.error({ problems }, "settings not reloaded: nothing changes");
  };
  const reload = async (): Promise<void> => {
    const reloaded = reloadConfig(config, environment, loadText);
    if (reloaded.kind === "problems") return refuse(reloaded.problems);
    if (reloaded.changed.length > 0) {
      const problems = await service.reload(reloaded.config);
      if (problems.length > 0) return refuse(problems);
      config = reloaded.config;
    }
    for (const advice of reloaded.advice) log.warn(advice);
    const { changed, needsRestart } = reloaded;
    if (needsRestart.length > 0) log.warn({ settings: needsRestart }, "changed settings need a restart");
    service.noteReload(true);
    log.info({ changed }, "settings reloaded");
  };
  let last: Promise<void> = Promise.resolve();
  return function reloadNext() {
    last = last.then(reload).catch((error: unknown) => {
      service.noteReload(false);
      log.error(
        { error: error instanceof Error ? error.name : typeof error },
        "settings not reloaded: nothing changes",
      );
    });
    return last;
  };
}
