// The settings, parsed once: from the environment, from files of secrets and from CONFIG_FILE. All
// problems are reported at once, in words, and never with the value of a secret. The rooms are in
// config/; settings.ts there is the table.
import { z } from "zod";
import { adviseOn } from "./config/advice.ts";
import { findNearMisses } from "./config/near-misses.ts";
import { loadPolicy } from "./config/policy-file.ts";
import {
  groupOf,
  type SettingGroup,
  type SettingName,
  type SettledSettings,
  settingsSchema,
  settle,
} from "./config/settings.ts";
import { type Environment, gatherSettings, type LoadText } from "./config/sources.ts";

export type Config = SettledSettings;

export type ConfigResult =
  | { readonly kind: "config"; readonly config: Config; readonly advice: readonly string[] }
  | { readonly kind: "problems"; readonly problems: readonly string[] };

const exampleOf: Readonly<Record<string, string>> = {
  MONITORS: ", such as ci0=http://127.0.0.1:9000",
  API_TOKENS: ": one or more secrets, separated by commas",
};

/** Problems name the setting and what to do, never its value. */
export function parseConfig(environment: Environment, loadText: LoadText = loadNothing): ConfigResult {
  const { given, names, problems: sourceProblems, advice, unknown } = gatherSettings(environment, loadText);
  const misses = findNearMisses(names, (name) => given[name] !== undefined);
  const graveMisses = misses.filter(({ isGrave }) => isGrave);
  const parsed = settingsSchema.safeParse(given);
  const issues = parsed.success ? [] : parsed.error.issues;
  const problems = new Set([
    ...sourceProblems,
    ...issues.flatMap((issue): string[] => {
      const name = String(issue.path[0]);
      const isUnset = !Object.hasOwn(given, name);
      if (!isUnset) return [`${name} ${issue.message}`];
      const isExplained =
        graveMisses.some(({ setting }) => setting === name) || sourceProblems.some((one) => one.startsWith(name));
      return isExplained ? [] : [`${name} is required${exampleOf[name] ?? ""}`];
    }),
    ...graveMisses.map(({ given: name, meant }) => `${name} is no setting: did you mean ${meant}?`),
  ]);
  if ((given.GITHUB_APP_ID === undefined) !== (given.GITHUB_APP_PRIVATE_KEY === undefined)) {
    problems.add("GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY go together: set both or neither");
  }
  const policy = loadPolicy(given.POLICY_FILE, loadText);
  if (policy.kind === "problems") for (const problem of policy.problems) problems.add(`POLICY_FILE ${problem}`);
  if (!parsed.success || policy.kind === "problems" || problems.size > 0)
    return { kind: "problems", problems: [...problems] };
  const config = settle(parsed.data, policy.policy);
  const mild = misses.map(({ given: name, meant }) => `${name} is no setting: did you mean ${meant}?`);
  return {
    kind: "config",
    config,
    advice: [
      ...new Set([
        ...advice,
        ...mild,
        ...unknown
          .filter((name) => !misses.some((miss) => miss.given === name))
          .map((name) => `CONFIG_FILE sets ${name}, which is no setting`),
        ...adviseOn(config),
      ]),
    ],
  };
}

/** Where there are no files. */
function loadNothing(): never {
  throw new Error("there are no files here");
}

export interface DescribedSetting {
  readonly name: SettingName;
  /** Empty where there is none. */
  readonly preset: string;
  readonly meaning: string;
  readonly group: SettingGroup;
}

/** The settings as documents show them, in order. */
export function describeSettings(): readonly DescribedSetting[] {
  return Object.entries(settingsSchema.shape).map(([key, schema]) => {
    const name = key as SettingName;
    const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    return {
      name,
      preset: typeof json.default === "string" ? json.default : "",
      meaning: schema.description ?? "",
      group: groupOf(name),
    };
  });
}
