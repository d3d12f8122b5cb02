// One visit at a monitor: the requests that the queue makes, and its own eyes for the replies.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { parseJson } from "../../src/bounded-json.ts";
import { type Dashboard, parseDashboard } from "../../src/monitors/called/dashboard.ts";
import { createQueueClient, type Reply } from "../self-test/queue-client.ts";
import { Unexpected } from "../self-test/reply.ts";
import type { CheckMonitorCommand } from "./command-line.ts";

/** A monitor draws its dashboard anew after a take, and says 503 meanwhile. */
const redrawWithinMs = 30_000;
const askAgainMs = 500;
/** A take waits up to 10 s to be picked up, and 10 s to be answered. */
export const takeWithinMs = 25_000;
const replyWithinMs = 10_000;

export interface ShownDashboard {
  readonly dashboard: Dashboard;
  readonly bytes: number;
  readonly tookMs: number;
  /** how often it said "ask again" */
  readonly askedAgain: number;
}

export interface Visit {
  /** Asks until it is drawn. Rejects with Unexpected where it is none, or never comes. */
  loadDashboard(): Promise<ShownDashboard>;
  askBarrier(bearer: string | undefined): Promise<Reply>;
  /** Sends a take. `key` is its Idempotency-Key, `notAfter` ms since 1970. */
  take(profile: string, uniqueId: string, bearer: string, key: string, notAfter?: number): Promise<Reply>;
  readonly newUniqueId: () => string;
}

export function createVisit({ url }: CheckMonitorCommand): Visit {
  const client = createQueueClient(url);
  const send = async (what: string, request: Parameters<typeof client.send>[0]): Promise<Reply> => {
    const reply = await client.send(request);
    if (reply.kind === "silence") throw new Unexpected(`${what} got no reply: ${reply.why}`);
    return reply;
  };
  return {
    newUniqueId: () => `check-${randomUUID()}`,
    loadDashboard: async () => {
      const giveUpAt = performance.now() + redrawWithinMs;
      for (let askedAgain = 0; ; askedAgain++) {
        const begunAt = performance.now();
        const request = { method: "GET", url: `${url}/dashboard.json`, withinMs: replyWithinMs } as const;
        const { status, body } = await send("GET /dashboard.json", request);
        if (status === 503 && performance.now() < giveUpAt) {
          await delay(askAgainMs);
          continue;
        }
        if (status === 503)
          throw new Unexpected("GET /dashboard.json said 503 for 30 s: the queue would never see a runner");
        if (status !== 200) throw new Unexpected(`GET /dashboard.json was answered ${status}, not 200`);
        const json = parseJson(new TextEncoder().encode(body));
        if (json.kind === "unreadable")
          throw new Unexpected(`GET /dashboard.json is no JSON that the queue reads: ${json.why}`);
        const dashboard = parseDashboard(json.value);
        if (dashboard === null)
          throw new Unexpected("GET /dashboard.json has no profile_runner_counts, or far too many of something");
        return { dashboard, bytes: Buffer.byteLength(body), tookMs: performance.now() - begunAt, askedAgain };
      }
    },
    askBarrier: async (bearer) =>
      await send("GET /policy/override", {
        method: "GET",
        url: `${url}/policy/override`,
        bearer,
        withinMs: takeWithinMs,
      }),
    take: async (profile, uniqueId, bearer, key, notAfter = Date.now() + takeWithinMs) =>
      await send(`POST /profile/${profile}/take`, {
        method: "POST",
        url: `${url}/profile/${profile}/take?unique_id=${uniqueId}&qualified_repo=runner-queue/check-monitor&run_id=1`,
        bearer,
        headers: { "idempotency-key": key, "take-not-after": String(Math.floor(notAfter)) },
        withinMs: takeWithinMs,
      }),
  };
}
