// A line that is shared, against the real service with a POLICY_FILE, on both stores: who is where,
// what explain says, what a lost store keeps, and one job that an operator puts to the front.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { cancel, enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

const operator = { authorization: "Bearer operator-token-of-tests" };
const policy = { repositories: { "big/one": { weight: 3 }, "new/*": {} } };

describe.each([{ name: "embedded" }, ...(hasRedis ? [{ name: "Redis" }] : [])])("a shared line ($name)", ({ name }) => {
  let monitor: SimulatedMonitor;
  let redis: RedisServer | undefined;
  let service: RunningService;

  beforeEach(async () => {
    redis = name === "Redis" ? await startRedis() : undefined;
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
    const file = join(await createTestDirectory(), "policy.json");
    await writeFile(file, JSON.stringify(policy));
    service = await startService({
      monitors: [monitor],
      env: { POLICY_FILE: file, OPERATOR_TOKENS: "operator-token-of-tests", ABANDON_AFTER: "120s" },
      ...(redis !== undefined && { redisUrl: redis.url }),
    });
    // the line stands
    await act("profiles/linux/pause");
  });
  afterEach(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
    await redis?.[Symbol.asyncDispose]();
  });

  const act = async (path: string) => {
    const reply = await fetch(`${service.url}/${path}`, { method: "POST", headers: operator });
    if (!reply.ok) throw new Error(`${path} was answered ${reply.status}`);
  };
  const enqueue = async (uniqueId: string, repo: string) =>
    await enqueueForTicket(service.url, { profile: "linux", uniqueId, repo, runId: "1" });
  const positionOf = async (uniqueId: string, ticket: string) =>
    Number((await take(service.url, uniqueId, ticket)).headers.get("x-queue-position"));
  const explain = async (uniqueId: string, ticket: string) =>
    await (await fetch(`${service.url}/jobs/${uniqueId}/explain?token=${ticket}`)).json();

  it("a newcomer stands behind one of a crowd's jobs, and explain says whom it passed and who may pass it", async () => {
    const crowd: string[] = [];
    for (let at = 0; at < 10; at++) crowd.push(await enqueue(`crowd-${at}`, "crowd/repo"));
    const ticket = await enqueue("newcomer", "new/repo");
    expect(await positionOf("newcomer", ticket)).toBe(2);
    expect(await positionOf("crowd-9", crowd[9] ?? "")).toBe(11);
    expect(await explain("newcomer", ticket)).toMatchObject({
      rule: "fair_share",
      flow: { repository: "new/repo", class: null, weight: 1, rule: "new/*" },
      ahead: [{ flow: { repository: "crowd/repo", weight: 1 }, jobs: 1, runners: 1 }],
      position: 2,
      fifo_position: 11,
      may_still_pass: 0,
    });
    const last = (await explain("crowd-9", crowd[9] ?? "")) as { says: string; may_still_pass: number };
    // 9 of its own are ahead: as many of the newcomer's may come between, less the one that is there
    expect(last.may_still_pass).toBe(8);
    expect(last.says).toContain("8 jobs of new/repo (weight 1) may still pass it");
    expect(last.says).toContain("by plain order of enqueue it would be 10th, here it is 11th");
    const page = await fetch(`${service.url}/jobs/crowd-9`, { headers: { ...operator, accept: "text/html" } });
    expect(await page.text()).toContain("8 jobs of new/repo (weight 1) may still pass it");
  });

  it("a repository of weight 3 has three places for each one of weight 1", async () => {
    for (let at = 0; at < 6; at++) await enqueue(`small-${at}`, "small/one");
    const big: string[] = [];
    for (let at = 0; at < 6; at++) big.push(await enqueue(`big-${at}`, "big/one"));
    const positions: number[] = [];
    for (const [at, ticket] of big.entries()) positions.push(await positionOf(`big-${at}`, ticket));
    expect(positions).toEqual([2, 3, 4, 6, 7, 8]);
  });

  it("who leaves gives back: the next job of the flow stands where that one stood", async () => {
    await enqueue("other-0", "other/repo");
    await enqueue("other-1", "other/repo");
    await enqueue("other-2", "other/repo");
    await enqueue("mine-0", "my/repo");
    const gone = await enqueue("mine-1", "my/repo");
    const before = await positionOf("mine-1", gone);
    expect((await cancel(service.url, "mine-1", gone)).status).toBe(200);
    expect(await positionOf("mine-2", await enqueue("mine-2", "my/repo"))).toBe(before);
  });

  it("an expedited job is first, whatever its share, and the history says who did it", async () => {
    for (let at = 0; at < 5; at++) await enqueue(`crowd-${at}`, "crowd/repo");
    const ticket = await enqueue("urgent", "crowd/repo");
    expect(await positionOf("urgent", ticket)).toBe(6);
    const url = `${service.url}/jobs/urgent/expedite?note=release&by=ana`;
    const stranger = await fetch(url, { method: "POST" });
    expect(stranger.status).toBe(401);
    // a note in a body would be read by nobody
    const inBody = await fetch(url, { method: "POST", headers: operator, body: "note=release" });
    expect(inBody.status).toBe(400);
    for (let time = 0; time < 2; time++) {
      const reply = await fetch(url, { method: "POST", headers: operator });
      expect([reply.status, await reply.json()]).toEqual([
        200,
        { unique_id: "urgent", profile_key: "linux", state: "queued", expedited: true, by: "ana", note: "release" },
      ]);
    }
    expect(await positionOf("urgent", ticket)).toBe(1);
    await act("profiles/linux/resume");
    expect((await takeUntilDone(service.url, "urgent", ticket)).status).toBe(200);
    const history = await (await fetch(`${service.url}/history.json?unique_id=urgent`, { headers: operator })).json();
    const { entries } = history as { entries: { what: string; by: string | null; note: string | null }[] };
    expect(entries.filter(({ what }) => what === "expedited")).toMatchObject([{ by: "ana", note: "release" }]);
    const late = await fetch(url, { method: "POST", headers: operator });
    expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([409, "job_over"]);
  });

  it("tickets keep the order of a line that the store lost", async () => {
    if (redis === undefined) return;
    const tickets = new Map<string, string>();
    for (let at = 0; at < 4; at++) tickets.set(`crowd-${at}`, await enqueue(`crowd-${at}`, "crowd/repo"));
    tickets.set("newcomer", await enqueue("newcomer", "new/repo"));
    await redis.client.flushall();
    // the last ones come back first
    for (const [id, ticket] of [...tickets].reverse()) await takeUntilKnown(id, ticket);
    const orders = await redis.client.zrange("rq:2:{linux}:aside", "0", "-1");
    const inLine = [...orders, ...(await redis.client.zrange("rq:2:{linux}:line", "0", "-1"))].sort();
    expect(inLine.map((member) => member.split(":")[2])).toEqual([
      "crowd-0",
      "newcomer",
      "crowd-1",
      "crowd-2",
      "crowd-3",
    ]);
  });

  /** Until the store has the job again. */
  const takeUntilKnown = async (id: string, ticket: string): Promise<void> => {
    for (;;) {
      const { headers } = await take(service.url, id, ticket);
      if (headers.get("x-queue-position") !== null) return;
    }
  };
});
