// The HTTP contract holds on Workers as it does on Node, word for word, with both stores.
import { describe } from "vitest";
import { describeHttpContract } from "../http/http-suite.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { startWorker } from "../support/worker.ts";

describeHttpContract("on Workers, in a Durable Object", (monitors, env) => startWorker({ monitors, env }));

describe.skipIf(!hasRedis)("with a real redis-server", () => {
  describeHttpContract("on Workers, with Redis", async (monitors, env) => {
    const redis = await startRedis(false, true);
    const worker = await startWorker({ monitors, env, redisUrl: redis.url });
    return {
      url: worker.url,
      [Symbol.asyncDispose]: async () => {
        await worker[Symbol.asyncDispose]();
        await redis[Symbol.asyncDispose]();
      },
    };
  });
});
