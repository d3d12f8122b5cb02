// The HTTP contract on Node, with both stores, and what every reply has in common.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeApi } from "../../src/http/openapi.ts";
import { problems, retryReasons } from "../../src/http/problem.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { startService } from "../support/service.ts";
import { describeHttpContract } from "./http-suite.ts";

describeHttpContract("on the embedded store", (monitors, env) => startService({ monitors, env }));

describe.skipIf(!hasRedis)("with a real redis-server", () => {
  describeHttpContract("on the Redis store", async (monitors, env) => {
    const redis = await startRedis();
    const service = await startService({ monitors, env, redisUrl: redis.url });
    return {
      url: service.url,
      [Symbol.asyncDispose]: async () => {
        await service[Symbol.asyncDispose]();
        await redis[Symbol.asyncDispose]();
      },
    };
  });
});

it("every status of the problem table is one that curl --retry does not retry, and everything that is retried has an empty body", () => {
  const retried = [408, 429, 500, 502, 503, 504];
  for (const [status] of Object.values(problems)) expect(retried).not.toContain(status);
});

it("docs/http-api.md lists every problem code and every reason", () => {
  const text = readFileSync(new URL("../../docs/http-api.md", import.meta.url), "utf8");
  for (const name of [...Object.keys(problems), ...retryReasons]) expect(text).toContain(`\`${name}\``);
});

it("the OpenAPI names every problem code that some route can answer", () => {
  const text = JSON.stringify(describeApi(100, "0"));
  const anywhere = ["no_such_route", "method_not_allowed"];
  for (const code of Object.keys(problems)) if (!anywhere.includes(code)) expect(text).toContain(`\`${code}\``);
});
