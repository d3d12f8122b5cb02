// A simulation that finds nothing proves nothing: rules are broken by hand, and it has to tell.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { brokenRules } from "./broken-rules.ts";

const runner = `${import.meta.dirname}/run-broken.ts`;
/** Those that nearly every world of all troubles shows. `npm run broken-rules` looks for all. */
const isQuick = ({ seed, troubles }: (typeof brokenRules)[number]) => seed <= 2 && troubles === undefined;
/** Another change makes other worlds of the seeds: some more are tried. */
const worlds = 20;

it.each(brokenRules)("its rule still stands in $file: $name", ({ file, rule }) => {
  const source = readFileSync(`${import.meta.dirname}/../../src/${file}`, "utf8");
  expect(source.split(rule)).toHaveLength(2);
});

it.each(brokenRules.filter(isQuick))(
  "the simulation finds that $name",
  async (rule) => {
    const args = [runner, String(brokenRules.indexOf(rule)), "1", String(worlds)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const found = JSON.parse(stdout) as { readonly promises: readonly string[] } | null;
    expect(rule.promises).toEqual(expect.arrayContaining(found?.promises.slice(0, 1) ?? ["nothing"]));
  },
  600_000,
);
