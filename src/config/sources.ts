// Where settings come from: the environment, the files that `<NAME>_FILE` names, and CONFIG_FILE.
// The environment wins over CONFIG_FILE.
import { trimQuotes } from "./plain-text.ts";
import { isSecret, isSettingName, type SettingName, settingNames } from "./settings.ts";

/** Reads a file as text; throws where it cannot. Workers have none. */
export type LoadText = (path: string) => string;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Gathered {
  readonly given: Readonly<Partial<Record<SettingName, string>>>;
  /** Of every variable that is not empty, whether it is a setting or not. */
  readonly names: readonly string[];
  readonly problems: readonly string[];
  readonly advice: readonly string[];
  /** Names in CONFIG_FILE that are no setting. */
  readonly unknown: readonly string[];
}

/** An empty variable counts as unset. */
export function gatherSettings(environment: Environment, loadText: LoadText): Gathered {
  const outer = withoutEmpty(new Map(Object.entries(environment).map(([name, text]) => [name, text ?? ""])));
  const file = readConfigFile(outer.get("CONFIG_FILE"), loadText);
  const inner = withoutEmpty(file.settings);
  const problems = [...file.problems];
  const given: Partial<Record<SettingName, string>> = {};
  for (const name of settingNames) {
    const source = [outer, inner].find((one) => one.has(name) || (isSecret(name) && one.has(`${name}_FILE`)));
    if (source === undefined) continue;
    const found = readSetting(name, source, loadText);
    if (found.kind === "text") given[name] = found.text;
    else problems.push(found.problem);
  }
  const names = [...new Set([...outer.keys(), ...inner.keys()])];
  const strange = names.filter((name) => settingNames.some((one) => `${one}_FILE` === name) && !isSettingName(name));
  return {
    given,
    names,
    problems,
    advice: strange.map((name) => `${name} is set, but only secrets are read from files of their own`),
    unknown: [...inner.keys()].filter((name) => !isSettingName(name) && !strange.includes(name)),
  };
}

type Found = { readonly kind: "text"; readonly text: string } | { readonly kind: "problem"; readonly problem: string };

function readSetting(name: SettingName, source: ReadonlyMap<string, string>, loadText: LoadText): Found {
  const text = source.get(name);
  const path = isSecret(name) ? source.get(`${name}_FILE`) : undefined;
  if (path === undefined) return { kind: "text", text: text ?? "" };
  if (text !== undefined) return { kind: "problem", problem: `${name} and ${name}_FILE are both set: keep one` };
  const read = tryToLoad(path, loadText);
  if (read.kind === "failed") return { kind: "problem", problem: `${name}_FILE ${read.why}` };
  const content = trimQuotes(read.text);
  return content === ""
    ? { kind: "problem", problem: `${name}_FILE names a file that is empty` }
    : { kind: "text", text: content };
}

function readConfigFile(path: string | undefined, loadText: LoadText) {
  const settings = new Map<string, string>();
  if (path === undefined) return { settings, problems: [] };
  const read = tryToLoad(path, loadText);
  if (read.kind === "failed") return { settings, problems: [`CONFIG_FILE ${read.why}`] };
  const problems: string[] = [];
  read.text.split(/\r?\n/).forEach((line, at) => {
    if (/^\s*(#|$)/.test(line)) return;
    const [, name = "", value = ""] = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(line) ?? [];
    if (name === "") problems.push(`CONFIG_FILE has a line (number ${at + 1}) that is not NAME=value`);
    else if (settings.has(name)) problems.push(`CONFIG_FILE sets ${name} twice`);
    else if (name === "CONFIG_FILE") problems.push("CONFIG_FILE cannot name another CONFIG_FILE");
    else settings.set(name, value);
  });
  return { settings, problems };
}

/** A file as text, or why there is none, in words that go on where a setting's name ends. */
export function tryToLoad(path: string, loadText: LoadText) {
  try {
    // A byte order mark is no part of the first name.
    return { kind: "text", text: loadText(path).replace(/^\uFEFF/, "") } as const;
  } catch (error) {
    const { code } = error as { code?: unknown };
    const why = typeof code === "string" ? ` (${code})` : "";
    return { kind: "failed", why: `names a file that cannot be read${why}` } as const;
  }
}

function withoutEmpty(variables: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(
    [...variables].map(([name, text]) => [name, trimQuotes(text)] as const).filter(([, text]) => text !== ""),
  );
}
