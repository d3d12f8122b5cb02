// A smoke test of the scripts on ioredis-mock: how far a store without a server gets. Its Lua has no cjson, and a missing value in a list is
// neither nil nor false there, so no job can pass: every profile script stops where it looks at what it read. The test bed is a
// real redis-server (test/conformance).
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { writeScript } from "../../src/store/redis/script-settings.ts";
import { monitorScripts, profilePreamble, profileScripts } from "../../src/store/redis/scripts.generated.ts";
import { testSettings } from "../support/settings.ts";

interface MockRedis {
  defineCommand(name: string, definition: { lua: string; numberOfKeys: number }): void;
  zscore(key: string, member: string): Promise<string>;
  disconnect(): void;
  [script: string]: unknown;
}
const Mock = createRequire(import.meta.url)("ioredis-mock") as new () => MockRedis;
type Run = (...args: string[]) => Promise<unknown>;

it("the scripts load, a monitor's place is given out, and a job gets as far as a missing value", async () => {
  const redis = new Mock();
  const run = (name: string, ...args: string[]) => (redis[name] as Run).call(redis, ...args);
  for (const [name, lua] of Object.entries(profileScripts)) {
    redis.defineCommand(name, { lua: writeScript(`${profilePreamble}\n${lua}`, testSettings()), numberOfKeys: 6 });
  }
  for (const [name, lua] of Object.entries(monitorScripts)) redis.defineCommand(name, { lua, numberOfKeys: 1 });
  expect(await run("acquireSlot", "rq:monitor:{ci0}:slots", "1000", "leg", "2", "500")).toBe(1);
  expect(await redis.zscore("rq:monitor:{ci0}:slots", "leg")).toBe("1500");
  const keys = ["epoch", "fleet", "line", "due", "claims", "job"];
  await expect(run("inspect", ...keys, "1000", "marker", "a")).rejects.toThrow(/string expected, got js object/);
  redis.disconnect();
});
