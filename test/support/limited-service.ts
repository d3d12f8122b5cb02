// What tests of a policy's limits share: services with a policy that can be reloaded, on both stores, and polls that look
// for a reason.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";
import type { LogLine } from "../../scripts/service-process.ts";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, type Reply, take } from "./client.ts";
import { createTestDirectory } from "./files.ts";
import { hasRedis, startRedis } from "./redis-server.ts";
import { type RunningService, startService } from "./service.ts";

export const linux = "linux";
export const stays = { startsAfterMs: null, reservedForMs: 3_600_000 };

export async function policyFile(policy: unknown): Promise<string> {
  const file = join(await createTestDirectory(), "policy.json");
  await writeFile(file, JSON.stringify(policy));
  return file;
}

export const reasonOf = ({ headers }: Reply) => headers.get("x-queue-reason");

/** One poll after the other until its reply has the reason. */
export async function pollUntil(url: string, uniqueId: string, ticket: string, reason: string): Promise<void> {
  const askWhy = async () => {
    const reply = await take(url, uniqueId, ticket);
    return reply.status === 200 ? "served" : (reasonOf(reply) ?? "");
  };
  const seen = await vi.waitUntil(
    async () => {
      const why = await askWhy();
      return why === reason || why === "served" ? why : null;
    },
    { timeout: 60_000 },
  );
  expect(seen, uniqueId).toBe(reason);
}

/** Statuses of one poll after the other, for so long or until it is served. */
export async function pollFor(url: string, uniqueId: string, ticket: string, ms: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (const until = performance.now() + ms; performance.now() < until && statuses.at(-1) !== 200; ) {
    statuses.push((await take(url, uniqueId, ticket)).status);
  }
  return statuses;
}

export const stores = [{ name: "embedded" }, ...(hasRedis ? [{ name: "Redis" }] : [])];

export const startLimited = async (
  storeName: string,
  monitors: readonly SimulatedMonitor[],
  policy: unknown,
  more: Record<string, string> = {},
) => {
  const redis = storeName === "Redis" ? await startRedis() : undefined;
  const file = await policyFile(policy);
  const env = { POLICY_FILE: file, ABANDON_AFTER: "120s", ...more };
  const service = await startService({ monitors, env, ...(redis !== undefined && { redisUrl: redis.url }) });
  return Object.assign(service, {
    redis,
    /** Writes another policy, and resolves once it is in force. */
    reload: async (changed: unknown) => {
      await writeFile(file, JSON.stringify(changed));
      const isWord = ({ msg }: LogLine) => /^settings (not )?reloaded/.test(String(msg));
      const before = service.logLines().filter(isWord).length;
      service.process.send("SIGHUP");
      await service.onLog(() => service.logLines().filter(isWord).length > before);
    },
    [Symbol.asyncDispose]: async () => {
      await service.kill9();
      await redis?.[Symbol.asyncDispose]();
    },
  });
};
export const come = async (service: RunningService, uniqueId: string, repo: string) =>
  await enqueueForTicket(service.url, { profile: linux, uniqueId, repo, runId: "1" });
