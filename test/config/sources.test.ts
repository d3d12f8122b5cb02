// Settings from files: secrets of their own, and CONFIG_FILE, which the environment wins over.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { secretSettings } from "../../src/config/settings.ts";
import { parseConfig } from "../../src/config.ts";

const least = { MONITORS: "http://127.0.0.1:1", API_TOKENS: "a-token-long-enough" };
const tokenOf = "a-token-of-the-file";

function loadFrom(files: Readonly<Record<string, string>>) {
  return (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
    return text;
  };
}

it("a secret may come from a file, with the line break that editors leave", () => {
  const load = loadFrom({ "/s/api": `${tokenOf}\n`, "/s/redis": '"redis://:pw@redis"\r\n' });
  expect(
    parseConfig({ MONITORS: least.MONITORS, API_TOKENS_FILE: "/s/api", REDIS_URL_FILE: " /s/redis " }, load),
  ).toMatchObject({ config: { API_TOKENS: [tokenOf], REDIS_URL: "redis://:pw@redis" }, advice: [] });
});

it("every secret is known as one, so that all of them may come from files", () => {
  expect([...secretSettings].toSorted()).toEqual([
    "API_TOKENS",
    "DASHBOARD_TOKEN",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_TOKEN",
    "GITHUB_WEBHOOK_SECRETS",
    "MONITOR_API_TOKEN",
    "MONITOR_TOKENS",
    "OPERATOR_TOKENS",
    "REDIS_URL",
    "TICKET_KEYS",
  ]);
});

it.each([
  [{ DASHBOARD_TOKEN_FILE: "/none" }, "DASHBOARD_TOKEN_FILE names a file that cannot be read (ENOENT)"],
  [{ DASHBOARD_TOKEN_FILE: "/blank" }, "DASHBOARD_TOKEN_FILE names a file that is empty"],
  [
    { DASHBOARD_TOKEN_FILE: "/one", DASHBOARD_TOKEN: "x" },
    "DASHBOARD_TOKEN and DASHBOARD_TOKEN_FILE are both set: keep one",
  ],
  [{ DASHBOARD_TOKEN_FILE: "/two" }, "DASHBOARD_TOKEN holds a space or a character outside ASCII"],
  [{ CONFIG_FILE: "/none" }, "CONFIG_FILE names a file that cannot be read (ENOENT)"],
  [{ CONFIG_FILE: "/two" }, "CONFIG_FILE has a line (number 1) that is not NAME=value"],
  [{ CONFIG_FILE: "/twice" }, "CONFIG_FILE sets MAX_WAIT twice"],
  [{ CONFIG_FILE: "/nested" }, "CONFIG_FILE cannot name another CONFIG_FILE"],
  [{ CONFIG_FILE: "/missed" }, "DASHBORD_TOKEN is no setting: did you mean DASHBOARD_TOKEN?"],
])("%j does not start: %s", (environment, problem) => {
  const load = loadFrom({
    "/blank": " \n",
    "/one": "one",
    "/two": "one two\n",
    "/twice": "MAX_WAIT=1s\nMAX_WAIT=2s",
    "/nested": "CONFIG_FILE=/one",
    "/missed": "DASHBORD_TOKEN=x",
  });
  expect(parseConfig({ ...least, ...(environment as Record<string, string>) }, load)).toEqual({
    kind: "problems",
    problems: [problem],
  });
});

it("where there are no files, as on Workers, one that is named is a problem in words", () => {
  expect(parseConfig({ ...least, API_TOKENS: "", API_TOKENS_FILE: "/s/api" })).toEqual({
    kind: "problems",
    problems: ["API_TOKENS_FILE names a file that cannot be read"],
  });
});

it("the environment wins over CONFIG_FILE, whichever of them names a file", () => {
  const text = [
    "\uFEFF# the fleet",
    "",
    'MONITORS = "ci0=http://10.0.0.1 ci1=http://10.0.0.2"',
    "MAX_WAIT=10s",
    "API_TOKENS=a-token-that-loses",
    "DASHBOARD_TOKEN_FILE=/s/dashboard",
  ].join("\r\n");
  const load = loadFrom({ "/c": text, "/s/api": tokenOf, "/s/dashboard": "the-dashboards-token" });
  expect(parseConfig({ CONFIG_FILE: "/c", API_TOKENS_FILE: "/s/api", MAX_WAIT: "20s" }, load)).toMatchObject({
    config: {
      MONITORS: [{ name: "ci0" }, { name: "ci1" }],
      MAX_WAIT: 20_000,
      API_TOKENS: [tokenOf],
      DASHBOARD_TOKEN: "the-dashboards-token",
    },
    advice: [],
  });
});

it("an empty variable of the environment leaves the word to CONFIG_FILE", () => {
  const load = loadFrom({ "/c": "MAX_WAIT=10s" });
  expect(parseConfig({ ...least, CONFIG_FILE: "/c", MAX_WAIT: "" }, load)).toMatchObject({
    config: { MAX_WAIT: 10_000 },
  });
});

it("names in CONFIG_FILE that are no setting are told, for there they can only be mistakes", () => {
  const load = loadFrom({ "/c": "WAIT_AT_MOST=10s\nMAX_WIAT=10s\nMONITORS_FILE=/x" });
  expect(parseConfig({ ...least, CONFIG_FILE: "/c" }, load)).toMatchObject({
    advice: [
      "MONITORS_FILE is set, but only secrets are read from files of their own",
      "MAX_WIAT is no setting: did you mean MAX_WAIT?",
      "CONFIG_FILE sets WAIT_AT_MOST, which is no setting",
    ],
  });
});

it("the example file, with every # taken away, is a CONFIG_FILE that changes nothing", () => {
  const example = readFileSync(join(import.meta.dirname, "../../settings.env.example"), "utf8");
  const text = example.replaceAll(/^#(?=[A-Z_]+=)/gm, "");
  expect(text).toContain("\nMAX_WAIT=25s\n");
  expect(parseConfig({ ...least, CONFIG_FILE: "/c" }, () => text)).toEqual({
    ...parseConfig({ ...least, CONFIG_FILE: "/c" }, () => ""),
  });
});
