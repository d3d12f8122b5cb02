// What SIGHUP does: the settings are read anew. What may change while running is taken over, the
// rest is told to need a restart, and where anything is wrong nothing changes at all.
import { isDeepStrictEqual } from "node:util";
import { type Config, parseConfig } from "../config.ts";
import type { Environment, LoadText } from "./sources.ts";

/** MONITORS, what proves who is calling, and the policy. */
const reloadable = [
  "MONITORS",
  "API_TOKENS",
  "SCOPED_API_TOKENS",
  "MONITOR_API_TOKEN",
  "MONITOR_TOKENS",
  "OPERATOR_TOKENS",
  "DASHBOARD_TOKEN",
  "TICKET_KEYS",
  "GITHUB_TOKEN",
  "GITHUB_WEBHOOK_SECRETS",
  "POLICY_FILE",
  "POLICY",
] as const satisfies readonly (keyof Config)[];

/** What is read of a setting and kept beside it. */
const settingOf: Readonly<Record<string, string>> = { SCOPED_API_TOKENS: "API_TOKENS", POLICY: "POLICY_FILE" };

export type Reloaded =
  | {
      readonly kind: "config";
      /** The new values of what may change, the old ones of everything else. */
      readonly config: Config;
      /** By name; POLICY_FILE also where what stands in the file has changed. */
      readonly changed: readonly string[];
      readonly needsRestart: readonly string[];
      readonly advice: readonly string[];
    }
  | { readonly kind: "problems"; readonly problems: readonly string[] };

/** A service that can take over a new configuration without dropping a request. */
export interface Reloadable {
  /** Problems, such as a policy that is invalid: then it goes on as before. */
  reload(config: Config): Promise<readonly string[]>;
  /** How it went, for whoever watches the service and not its log. */
  noteReload(isDone: boolean): void;
}

export function reloadConfig(previous: Config, environment: Environment, loadText: LoadText): Reloaded {
  const parsed = parseConfig(environment, loadText);
  if (parsed.kind === "problems") return parsed;
  const names = Object.keys({ ...previous, ...parsed.config }) as (keyof Config)[];
  const differing = names.filter((name) => !isDeepStrictEqual(previous[name], parsed.config[name]));
  const taken = reloadable.filter((name) => differing.includes(name));
  const fresh = Object.fromEntries(reloadable.map((name) => [name, parsed.config[name]]));
  return {
    kind: "config",
    config: { ...previous, ...fresh },
    changed: taken.map((name) => settingOf[name] ?? name).filter((name, at, all) => all.indexOf(name) === at),
    needsRestart: differing.filter((name) => !reloadable.some((one) => one === name)),
    advice: parsed.advice,
  };
}
