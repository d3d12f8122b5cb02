// A smoke test of the scripts on ioredis-mock: how far a store without a server gets. Its Lua has
// no cjson, so no change can be committed there. The test bed is a real redis-server
// (test/conformance).
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { scripts } from "../../src/store/redis/scripts.generated.ts";

interface MockRedis {
  defineCommand(name: string, definition: { lua: string; numberOfKeys: number }): void;
  disconnect(): void;
  [script: string]: unknown;
}
const Mock = createRequire(import.meta.url)("ioredis-mock") as new () => MockRedis;
type Run = (...args: string[]) => Promise<unknown>;

it("the scripts load, and a commit gets as far as the server's name", async () => {
  const redis = new Mock();
  for (const [name, lua] of Object.entries(scripts))
    redis.defineCommand(name, { lua, numberOfKeys: name === "commit" ? 10 : 1 });
  const keys = Array.from({ length: 10 }, (_, at) => `key-${at}`);
  await expect((redis.commit as Run).call(redis, ...keys, "1000", "[]", "1000", "10", "", "")).rejects.toThrow();
  redis.disconnect();
});
