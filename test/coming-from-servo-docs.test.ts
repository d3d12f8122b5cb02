// docs/coming-from-servo.md: its settings are ours, its links lead somewhere, and what it says of
// both queues is what ours does.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { describeSettings, parseConfig } from "../src/config.ts";

const load = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const page = load("docs/coming-from-servo.md");
const block = (language: string) => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? "";

/** As GitHub makes an anchor of a heading. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replace(/\s/g, "-"),
  );
}

describe("docs/coming-from-servo.md", () => {
  test("shows settings with which the queue starts", () => {
    const environment = Object.fromEntries(
      block("sh")
        .trim()
        .split("\n")
        .map((line) => /^(\w+)="?([^"]*)"?$/.exec(line)?.slice(1) as [string, string]),
    );
    expect(parseConfig(environment)).toMatchObject({
      kind: "config",
      config: {
        API_TOKENS: ["the-value-of-SERVO_CI_MONITOR_API_TOKEN"],
        ALLOWED_REPOS: ["your-org/"],
        ARTIFACT_MAX_AGE: 300_000,
        HOST: ["::1"],
        PORT: 8002,
      },
    });
  });

  test("names the setting that each of the original's becomes, and only settings that exist", () => {
    const rows = [...page.matchAll(/^\| ([^|]+) \| ([^|]*) \|/gm)].map(([, there = "", here = ""]) => [there, here]);
    const became = (name: string) => rows.find(([there]) => there?.includes(`\`${name}\``))?.[1];
    expect(became("SERVO_CI_MONITOR_API_TOKEN")).toBe("`API_TOKENS`");
    expect(became("[queue].servers")).toBe("`MONITORS`");
    expect(became("allowed_qualified_repo_prefix")).toBe("`ALLOWED_REPOS`");
    expect(became("tokenless_select_artifact_max_age")).toBe("`ARTIFACT_MAX_AGE`");
    expect(became("listen_on")).toBe("`HOST`");
    const known = new Set(describeSettings().map(({ name }) => name));
    const theirs = ["SERVO_CI_MONITOR_API_TOKEN", "RUST_LOG"];
    const named = [...page.matchAll(/`([A-Z][A-Z_]*[A-Z])`/g)]
      .map(([, name = ""]) => name)
      .filter((name) => name !== "GET");
    expect(named.length).toBeGreaterThan(10);
    for (const name of named) if (!theirs.includes(name)) expect(known, name).toContain(name);
  });

  test("is linked from the README, and its own links lead to headings that exist", () => {
    expect(load("README.md")).toContain("(docs/coming-from-servo.md)");
    const links = [...page.matchAll(/\]\((?!https:)([^)#]+)(?:#([^)]+))?\)/g)];
    expect(links.length).toBeGreaterThan(5);
    for (const [, path = "", anchor] of links) {
      const file = new URL(path, new URL("../docs/", import.meta.url));
      expect(existsSync(file), path).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(readFileSync(file, "utf8")), `${path}#${anchor}`).toContain(anchor);
    }
  });

  test("keeps both slashes of the nginx line, and errors as they are", () => {
    const nginx = block("nginx");
    expect(nginx).toContain("location /queue/ {");
    expect(nginx).toContain("proxy_pass http://[::1]:8002/;");
    expect(nginx).toContain("proxy_intercept_errors off;");
  });
});
