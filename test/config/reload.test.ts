// Settings read anew: what may change while running changes, the rest waits for a restart, and a
// mistake changes nothing.
import { expect, it } from "vitest";
import { reloadConfig } from "../../src/config/reload.ts";
import { type Config, parseConfig } from "../../src/config.ts";

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

it("a policy is read again whenever there is one: what stands in it may have changed", () => {
  const policy: Config["POLICY_FILE"] = "/etc/policy.yaml";
  const { reloaded } = reloadWith(lines, { POLICY_FILE: policy });
  expect(reloaded).toMatchObject({ changed: ["POLICY_FILE"] });
});

it.each([["MONITORS=nonsense"], ["MONITORS=a=http://10.0.0.1 b=http://10.0.0.1"], ["DASHBORD_TOKEN=x"]])(
  "with %s nothing changes, and what is wrong is said",
  (line) => {
    const { reloaded } = reloadWith([...lines.filter((one) => one.split("=")[0] !== line.split("=")[0]), line]);
    expect(reloaded).toEqual({ kind: "problems", problems: [expect.any(String)] });
  },
);
