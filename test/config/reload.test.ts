// Settings read anew: what may change while running changes, the rest waits for a restart, and a
// mistake changes nothing.
import { expect, it } from "vitest";
import { reloadConfig } from "../../src/config/reload.ts";
import { parseConfig } from "../../src/config.ts";

const lines = ["MONITORS=ci0=http://10.0.0.1", "API_TOKENS=a-token-long-enough", "MAX_WAIT=10s"];

function reloadWith(changed: readonly string[], environment: Record<string, string> = {}) {
  const outer = { CONFIG_FILE: "/c", ...environment };
  const first = parseConfig(outer, () => lines.join("\n"));
  if (first.kind === "problems") throw new Error(first.problems.join("\n"));
  return { previous: first.config, reloaded: reloadConfig(first.config, outer, () => changed.join("\n")) };
}

it("a host that is added to CONFIG_FILE is taken over", () => {
  const { reloaded } = reloadWith(["MONITORS=ci0=http://10.0.0.1 ci1=http://10.0.0.2", ...lines.slice(1)]);
  expect(reloaded).toMatchObject({
    kind: "config",
    changed: ["MONITORS"],
    needsRestart: [],
    config: { MONITORS: [{ name: "ci0" }, { name: "ci1" }] },
  });
});

it("tokens that rotate are taken over, scoped or not, under the name of their setting", () => {
  const { reloaded } = reloadWith([lines[0]!, "API_TOKENS=a-newer-token-here,me/=a-token-for-me-only", lines[2]!]);
  expect(reloaded).toMatchObject({ kind: "config", changed: ["API_TOKENS"], needsRestart: [] });
});

it("what cannot change while running keeps its old value and is told", () => {
  const { reloaded } = reloadWith([...lines.slice(0, 2), "MAX_WAIT=20s", "DASHBOARD_TOKEN=a-dashboards-token"]);
  expect(reloaded).toMatchObject({
    kind: "config",
    changed: ["DASHBOARD_TOKEN"],
    needsRestart: ["MAX_WAIT"],
    config: { MAX_WAIT: 10_000, DASHBOARD_TOKEN: "a-dashboards-token" },
  });
});

it("a setting that is taken out of the file is back at its default", () => {
  const { reloaded } = reloadWith(lines, { DASHBOARD_TOKEN_FILE: "" });
  expect(reloaded).toMatchObject({ changed: [], needsRestart: [] });
  const all = { CONFIG_FILE: "/c" };
  const closed = parseConfig(all, () => [...lines, "DASHBOARD_TOKEN=a-dashboards-token"].join("\n"));
  if (closed.kind === "problems") throw new Error("refused");
  const opened = reloadConfig(closed.config, all, () => lines.join("\n"));
  expect(opened).toMatchObject({ changed: ["DASHBOARD_TOKEN"] });
  expect(opened.kind === "config" && opened.config.DASHBOARD_TOKEN).toBe(undefined);
});

it("a policy is read again at each reload: what stands in it may have changed", () => {
  const environment = { CONFIG_FILE: "/c", POLICY_FILE: "/policy.yaml" };
  const loadTextWith = (policy: string) => (path: string) => (path === "/c" ? lines.join("\n") : policy);
  const first = parseConfig(environment, loadTextWith("default: {weight: 2}"));
  if (first.kind === "problems") throw new Error(first.problems.join("\n"));
  expect(first.config.POLICY).toMatchObject({ default: { weight: 2 } });
  const reloadAs = (policy: string) => reloadConfig(first.config, environment, loadTextWith(policy));
  expect(reloadAs("default: {weight: 2} # the same")).toMatchObject({ changed: [] });
  expect(reloadAs("default: {weight: 3}")).toMatchObject({
    changed: ["POLICY_FILE"],
    needsRestart: [],
    config: { POLICY: { default: { weight: 3 } } },
  });
  expect(reloadAs("default: {weight: none}")).toEqual({
    kind: "problems",
    problems: ["POLICY_FILE default.weight is not a number from 0.001 to 1000"],
  });
});

it("a policy comes and goes by its setting alone", () => {
  const environment = { CONFIG_FILE: "/c" };
  const withPolicy = (path: string) => (path === "/c" ? [...lines, "POLICY_FILE=/p"].join("\n") : "owners: {}");
  const first = parseConfig(environment, () => lines.join("\n"));
  if (first.kind === "problems") throw new Error(first.problems.join("\n"));
  expect(first.config.POLICY).toBe(undefined);
  const second = reloadConfig(first.config, environment, withPolicy);
  expect(second).toMatchObject({ changed: ["POLICY_FILE"], config: { POLICY: { owners: [] } } });
  if (second.kind === "problems") throw new Error(second.problems.join("\n"));
  const third = reloadConfig(second.config, environment, () => lines.join("\n"));
  expect(third).toMatchObject({ changed: ["POLICY_FILE"], config: { POLICY: undefined } });
});

it.each([["MONITORS=nonsense"], ["MONITORS=a=http://10.0.0.1 b=http://10.0.0.1"], ["DASHBORD_TOKEN=x"]])(
  "with %s nothing changes, and what is wrong is said",
  (line) => {
    const { reloaded } = reloadWith([...lines.filter((one) => one.split("=")[0] !== line.split("=")[0]), line]);
    expect(reloaded).toEqual({ kind: "problems", problems: [expect.any(String)] });
  },
);
