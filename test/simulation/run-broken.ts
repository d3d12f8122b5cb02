// Runs a simulated world with one rule of the queue broken: its text is replaced as its module is
// loaded, in a process of its own. Called as: node run-broken.ts <index> <first seed> <last seed>;
// prints {seed, promises} of the first world that shows it, or null.
import { registerHooks } from "node:module";
import { brokenRules } from "./broken-rules.ts";
import type { simulate as Simulate } from "./simulate.ts";

const [index = 0, first = 1, last = first] = process.argv.slice(2).map(Number);
const rule = brokenRules[index];
if (rule === undefined) throw new Error("there is no such rule");
registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/src/${rule.file}`)) return loaded;
    const source = String(loaded.source);
    if (source.split(rule.rule).length !== 2) throw new Error(`${rule.file} does not say once: ${rule.rule}`);
    return { ...loaded, source: source.replace(rule.rule, rule.broken) };
  },
});

const { simulate } = (await import("./simulate.ts")) as { simulate: typeof Simulate };
const trouble = rule.troubles === undefined ? {} : { troubles: rule.troubles };
let found: { readonly seed: number; readonly promises: readonly string[] } | null = null;
for (let seed = first; seed <= last && found === null; seed++) {
  const { broken } = await simulate({ seed, minutes: 30, jobsPerHour: 400, ...trouble });
  if (broken.length > 0) found = { seed, promises: [...new Set(broken.map(({ promise }) => promise))] };
}
console.log(JSON.stringify(found));
