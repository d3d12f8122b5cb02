// Writes what is derived from other files: modules that hold Lua, CSS and the browser's JavaScript
// as text (so that they reach runtimes without files), and the tables of the documents. `npm run
// generate` writes; `npm run generated` only checks, for CI.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { SettingGroup } from "../src/config/settings.ts";
import { describeSettings } from "../src/config.ts";
import { problems, retryReasons } from "../src/http/problem.ts";
import { jobStates, transitions } from "../src/queue/job/job.ts";
import { describeKeys } from "../src/store/redis/keys.ts";
import { renderAlertRules } from "./generate/alert-rules.ts";
import { describeChartValues } from "./generate/chart-schema.ts";

const root = new URL("../", import.meta.url);
const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, help: { type: "boolean", short: "h" } },
});
if (values.help) {
  console.log(
    "Usage: npm run generate | npm run generated\n\nWrites, or with --check only compares, every generated file and table.",
  );
  process.exit(0);
}

const stale: string[] = [];
write("src/store/redis/scripts.generated.ts", generateScripts());
fillTable("docs/settings.md", "settings", settingsTables(["required", "access", "github", "store", "log"]));
fillTable("docs/operations.md", "timings", settingsTables(["line", "monitors"]));
write("settings.env.example", settingsExample());
write("src/dashboard/page-assets.generated.ts", generatePageAssets());
fillTable("docs/http-api.md", "problems", problemsTable());
fillTable("docs/http-api.md", "reasons", retryReasons.map((reason) => `\`${reason}\``).join(", "));
fillTable("docs/states.md", "transitions", transitionsTable());
fillTable("docs/redis-keys.md", "keys", keysTable());
write("deploy/helm/runner-queue/values.schema.json", describeChartValues());
write("deploy/prometheus/alerts.yml", renderAlertRules(readFileSync(new URL("docs/operations.md", root), "utf8")));
if (stale.length > 0) {
  console.error(`Not up to date: ${stale.join(", ")}. Run \`npm run generate\` and commit.`);
  process.exit(1);
}

/**
 * The scripts as text, for runtimes without files. All share the clock, those of a profile how it
 * is read.
 */
function generateScripts(): string {
  const load = (name: string) => readFileSync(new URL(`src/store/redis/scripts/${name}.lua`, root), "utf8");
  const join = (...names: readonly string[]) => ["clock", ...names].map(load).join("\n");
  const texts = {
    load: join("read", "load"),
    commit: join("read", "commit"),
    takePlace: join("take-place"),
    enrol: join("enrol"),
    swapDocument: join("swap-document"),
  };
  const entries = Object.entries(texts).map(([name, text]) => `  ${name}: ${JSON.stringify(text)},\n`);
  return `// Generated from scripts/*.lua by \`npm run generate\`: the scripts as text, for runtimes without files.
export const scripts = {
${entries.join("")}} as const;
`;
}

/** One table for each group; what this version does not use yet stands in none. */
function settingsTables(groups: readonly SettingGroup[]): string {
  const titles = {
    required: "Required",
    access: "Access: where it listens, who may do what",
    github: "GitHub",
    line: "The line: times and limits",
    monitors: "Monitors: times and limits",
    store: "Store",
    log: "Log",
  } as const;
  const settings = describeSettings();
  return groups
    .map((group) => {
      const rows = settings
        .filter((setting) => setting.group === group)
        .map(({ name, preset, meaning }) => `| \`${name}\` | ${preset === "" ? "" : `\`${preset}\``} | ${meaning} |`);
      return [`### ${titles[group]}`, "", "| setting | default | meaning |", "| --- | --- | --- |", ...rows].join("\n");
    })
    .join("\n\n");
}

/**
 * Every setting with its default, commented out: as CONFIG_FILE, as .env of docker compose, or as a
 * unit's EnvironmentFile.
 */
function settingsExample(): string {
  const blocks = describeSettings()
    .filter(({ name }) => name !== "CONFIG_FILE")
    .map(({ name, preset, meaning }) => `# ${meaning.replaceAll("`", "")}\n#${name}=${preset}\n`);
  return `# Settings, as NAME=value lines: a file for CONFIG_FILE, for docker compose (.env), or for a unit's EnvironmentFile.
# Take the # away from what you set; the first two are required. Written by \`npm run generate\`.\n\n${blocks.join("\n")}`;
}

function generatePageAssets(): string {
  const folder = new URL("src/dashboard/page/", root);
  const load = (name: string) => readFileSync(new URL(name, folder), "utf8");
  // In the order in which they apply: later rules win.
  const style = ["page", "cards", "acts", "narrow"].map((name) => load(`style/${name}.css`)).join("\n");
  // One module, as the browser gets it: what the parts import of each other stands before it.
  const script = ["news", "connection", "act-words", "acts"]
    .map((name) =>
      load(`script/${name}.js`)
        .replaceAll(/^import .*;\n/gm, "")
        .replaceAll(/^export /gm, ""),
    )
    .join("\n");
  for (const text of [style, script]) {
    if (/<[/!]/.test(text)) throw new Error("src/dashboard/page: `</` or `<!` would end the element that it stands in");
  }
  return `// Generated from page/style/*.css and page/script/*.js by \`npm run generate\`: the page's looks and
// its script as text, for runtimes without files. Their hashes stand in the page's content security
// policy.
export const pageStyle = ${JSON.stringify(style)};

export const pageScript = ${JSON.stringify(script)};
`;
}

function problemsTable(): string {
  const rows = Object.entries(problems).map(([code, [status, title]]) => `| ${status} | \`${code}\` | ${title} |`);
  return ["| status | code | says |", "| --- | --- | --- |", ...rows].join("\n");
}

function transitionsTable(): string {
  const rows = jobStates.map(
    (state) => `| \`${state}\` | ${transitions[state].map((next) => `\`${next}\``).join(", ") || "final"} |`,
  );
  return ["| state | may become |", "| --- | --- |", ...rows].join("\n");
}

function keysTable(): string {
  const rows = describeKeys().map(({ key, holds, ends }) => `| \`${key}\` | ${holds} | ${ends} |`);
  return ["| key | holds | ends |", "| --- | --- | --- |", ...rows].join("\n");
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
function fillTable(file: string, name: string, table: string): void {
  const path = new URL(file, root);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const pattern = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`);
  if (!pattern.test(text)) throw new Error(`${file} has no place for the table "${name}"`);
  write(
    file,
    text.replace(pattern, (_, before: string, after: string) => `${before}${table}${after}`),
  );
}

function write(file: string, text: string): void {
  const path = new URL(file, root);
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  if (values.check) stale.push(file);
  else {
    mkdirSync(new URL(".", path), { recursive: true });
    writeFileSync(path, text);
  }
}
