// A smoke test of the scripts on ioredis-mock: how far a store without a server gets. Its Lua has no cjson, so no document can be read or
// written: an enqueue finds no fleet and a job nobody knows, and that is as far as it goes. The test bed is a real redis-server
// (test/conformance).
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { monitorScripts, profilePreamble, profileScripts } from "../../src/store/redis/scripts.generated.ts";

interface MockRedis {
  defineCommand(name: string, definition: { lua: string; numberOfKeys: number }): void;
  zscore(key: string, member: string): Promise<string>;
  disconnect(): void;
  [script: string]: unknown;
}
const Mock = createRequire(import.meta.url)("ioredis-mock") as new () => MockRedis;
type Run = (...args: string[]) => Promise<unknown>;

it("the scripts load, a monitor's place is given out, and a job gets as far as Lua without cjson does", async () => {
  const redis = new Mock();
  const run = (name: string, ...args: string[]) => (redis[name] as Run).call(redis, ...args);
  for (const [name, lua] of Object.entries(profileScripts)) {
    redis.defineCommand(name, { lua: `local settings = {}\n${profilePreamble}\n${lua}`, numberOfKeys: 6 });
  }
  for (const [name, lua] of Object.entries(monitorScripts)) redis.defineCommand(name, { lua, numberOfKeys: 1 });
  expect(await run("acquireSlot", "rq:monitor:{ci0}:slots", "1000", "leg", "2", "500")).toBe(1);
  expect(await redis.zscore("rq:monitor:{ci0}:slots", "leg")).toBe("1500");
  const keys = ["epoch", "fleet", "line", "due", "claims", "job"];
  const place = "place";
  expect(await run("inspect", ...keys, "1000", "marker", "a")).toEqual(["unknown"]);
  redis.defineCommand("enqueue7", {
    lua: `local settings = {}\n${profilePreamble}\n${profileScripts.enqueue}`,
    numberOfKeys: 7,
  });
  const enqueued = run("enqueue7", ...keys, place, "1000", "marker", "a", "1", "o/r", "1", "0");
  expect(await enqueued).toEqual(["fleet_unknown"]);
  redis.disconnect();
});
