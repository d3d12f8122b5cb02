// A new run of the server starts a new epoch, once: an instance that has not noticed yet is told so, and does not start the old one again.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chartKey, freedKey, profileKeys } from "../../src/store/redis/keys.ts";
import { writeScript } from "../../src/store/redis/script-settings.ts";
import { profilePreamble, profileScripts } from "../../src/store/redis/scripts.generated.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { testSettings } from "../support/settings.ts";

describe.skipIf(!hasRedis)("the epoch of a queue", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  /** Since when the store knows everything, as a sweep reports it. */
  async function lostAt(marker: string, now: number): Promise<number> {
    const script = writeScript(`${profilePreamble}\n${profileScripts.sweep}`, testSettings());
    const keys = [...profileKeys("p", ""), chartKey("p"), freedKey("p")];
    const reply = await server.client.eval(script, keys.length, ...keys, now, marker, "", "me");
    return (reply as number[])[1] ?? 0;
  }

  it("begins with a marker that was never seen, and ends for good with the next", async () => {
    expect(await lostAt("run1.repl1", 1000)).toBe(1000);
    expect(await lostAt("run1.repl1", 2000)).toBe(1000);
    expect(await lostAt("run1.repl2", 3000)).toBe(3000);
    await expect(lostAt("run1.repl1", 4000)).rejects.toThrow(/STALEMARKER/);
    expect(await lostAt("run1.repl2", 5000)).toBe(3000);
    expect(await lostAt("run2.repl2", 6000)).toBe(6000);
    await expect(lostAt("run1.repl2", 7000)).rejects.toThrow(/STALEMARKER/);
  });
});
