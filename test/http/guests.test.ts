// Whoever comes without a good ticket, or with a token for somebody else: told what is true, slowed
// down where they guess, and nobody else notices.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { guessLimits } from "../../src/http/callers/guess-limit.ts";
import { enqueueForTicket, take } from "../support/client.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";
import { askProblem, type ProblemReply } from "../support/tokenless.ts";

let monitor: SimulatedMonitor;
let service: RunningService;

beforeAll(async () => {
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1, gang: 3 } });
  service = await startService({
    monitors: [monitor],
    env: {
      API_TOKENS: `${apiToken},servo/=of-the-servo-owner,me/repo=of-one-repository,me/other=of-one-repository`,
      TRUSTED_PROXIES: "127.0.0.1",
      ABANDON_AFTER: "10m",
    },
  });
  await drain(service, apiToken);
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

/** Asks as a proxy of ours does for a caller at this address. */
function ask(method: string, path: string, caller: string, bearer?: string): Promise<ProblemReply> {
  const headers: Record<string, string> = { "x-forwarded-for": caller };
  if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
  return askProblem(service.url + path, { method, headers });
}

function enqueueFor(repo: string, uniqueId: string, bearer: string): Promise<ProblemReply> {
  return ask(
    "POST",
    `/profile/gang/enqueue/3?unique_id=${uniqueId}&qualified_repo=${repo}&run_id=1`,
    "192.0.2.1",
    bearer,
  );
}

it.each([
  ["servo/servo", "of-the-servo-owner", 200],
  ["Servo/Other", "of-the-servo-owner", 200],
  ["me/repo", "of-one-repository", 200],
  ["ME/Other", "of-one-repository", 200],
  ["anybody/else", apiToken, 200],
  ["servo-evil/servo", "of-the-servo-owner", 403],
  ["me/repo", "of-the-servo-owner", 403],
  ["me/repo2", "of-one-repository", 403],
  ["me/rep", "of-one-repository", 403],
] as const)("for %s the token %s is answered %i", async (repo, token, status) => {
  const reply = await enqueueFor(repo, `bound-${repo.replace("/", "-")}-${status}`, token);
  expect([reply.status, reply.code]).toEqual([status, status === 200 ? undefined : "token_not_for_repository"]);
});

it("a bound token opens nothing else: it operates nothing, sees no job, and hears why", async () => {
  for (const [method, path] of [
    ["POST", "/monitors/ci0/drain"],
    ["POST", "/profiles/gang/pause"],
    ["GET", "/history.json"],
    ["GET", "/jobs/bound-servo-servo-200"],
    ["DELETE", "/jobs/bound-servo-servo-200"],
  ] as const) {
    const reply = await ask(method, path, "192.0.2.1", "of-the-servo-owner");
    expect([path, reply.status, reply.code]).toEqual([path, 403, "not_an_operator"]);
  }
  expect(await ask("POST", "/monitors/ci0/changed", "192.0.2.1", "of-the-servo-owner")).toMatchObject({
    code: "bearer_unknown",
    detail: "This route takes the monitor's own bearer: MONITOR_TOKENS or MONITOR_API_TOKEN",
  });
  expect((await ask("POST", "/profiles/linux/resume", "192.0.2.1", apiToken)).status).toBe(200);
});

it("a malformed repository is 400 before anybody asks whose it is", async () => {
  expect(await enqueueFor("servo", "malformed", "of-the-servo-owner")).toMatchObject({ status: 400 });
});

it("an address that tries ids is slowed down; good tickets from the same address, and other addresses, are not", async () => {
  const ticket = await enqueueForTicket(service.url, { profile: "gang", uniqueId: "honest", count: 3 });
  const guess = (n: number, caller: string) => {
    const [method, path] = [
      ["POST", `/take/guess-${n}?token=x`],
      ["POST", `/take/honest?token=x`],
      ["GET", `/jobs/guess-${n}?token=x`],
      ["DELETE", `/jobs/honest?token=x`],
      ["POST", `/jobs/guess-${n}/cancel?token=x`],
    ][n % 5] as [string, string];
    return ask(method, path, caller);
  };
  const count = 2 * guessLimits.size;
  const replies = await Promise.all(Array.from({ length: count }, (_, n) => guess(n, "203.0.113.7")));
  const slowed = replies.filter(({ status }) => status === 429);
  expect(replies.filter(({ status }) => status === 403 || status === 404).length).toBe(count - slowed.length);
  // the tests may take some seconds for that many, and one more is let through each second
  expect(slowed.length).toBeGreaterThan(guessLimits.size / 2);
  for (const { text, headers } of slowed) {
    expect([text, headers.get("x-queue-reason"), headers.get("retry-after")]).toEqual(["", "too_many_guesses", "1"]);
  }

  // every poll of a real client gets its 503, from this very address
  const headers = { "x-forwarded-for": "203.0.113.7" };
  for (let poll = 0; poll < 50; poll++) {
    const reply = await fetch(`${service.url}/take/honest?token=${ticket}`, { method: "POST", headers });
    expect([reply.status, reply.headers.get("x-queue-position")]).toEqual([503, expect.any(String)]);
  }
  expect((await ask("GET", `/jobs/honest?token=${ticket}`, "203.0.113.7")).status).toBe(200);
  expect((await ask("GET", "/jobs/nobody", "203.0.113.7", apiToken)).code).toBe("job_unknown");
  expect((await ask("POST", "/take/nobody?token=x", "203.0.113.8")).code).toBe("job_unknown");
  expect((await ask("POST", "/take/honest?token=x", "203.0.113.8")).code).toBe("ticket_wrong");
});

it("who claims to come from elsewhere, and is no proxy of ours, is counted as who they are", async () => {
  await using open = await startService({ monitors: [monitor] });
  const guess = (caller: string) =>
    fetch(`${open.url}/take/nobody?token=x`, { method: "POST", headers: { "x-forwarded-for": caller } });
  const callers = Array.from({ length: 2 * guessLimits.size }, (_, n) => `203.0.${n >> 8}.${n & 255}`);
  const statuses = await Promise.all(callers.map(async (caller) => (await guess(caller)).status));
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(guessLimits.size / 2);
});

it.skipIf(!hasRedis)("a rotation that rolls over two instances costs no client their place", async () => {
  await using redis = await startRedis();
  const start = (API_TOKENS: string) =>
    startService({ monitors: [monitor], redisUrl: redis.url, env: { API_TOKENS, ABANDON_AFTER: "10m" } });
  const steps = ["old-api-token,new-api-token", "new-api-token,old-api-token", "new-api-token"];
  // whatever fails, none of them outlives the test
  await using instances = new AsyncDisposableStack();
  const first = instances.use(await start("old-api-token"));
  await drain(first, "old-api-token");
  let before = first;
  const tickets = [await ticketFrom(first, "first", "old-api-token")];
  for (const [i, tokens] of steps.entries()) {
    const after = instances.use(await start(tokens));
    // the token that both know, as callers have it while the step rolls
    const token = i === 0 ? "old-api-token" : "new-api-token";
    tickets.push(await ticketFrom(before, `before-${i}`, token), await ticketFrom(after, `after-${i}`, token));
    // tickets of the step before last may be gone: they had TICKET_MAX_AGE
    for (const { uniqueId, ticket } of tickets.slice(i === 2 ? -4 : 0)) {
      for (const instance of [before, after]) {
        const reply = await take(instance.url, uniqueId, ticket);
        expect([tokens, uniqueId, reply.status], reply.text).toEqual([tokens, uniqueId, 503]);
      }
    }
    await before[Symbol.asyncDispose]();
    before = after;
  }
});

/** From now on every job waits. */
async function drain(instance: RunningService, operator: string): Promise<void> {
  const headers = { authorization: `Bearer ${operator}` };
  expect((await fetch(`${instance.url}/monitors/ci0/drain`, { method: "POST", headers })).status).toBe(200);
}

async function ticketFrom(instance: RunningService, uniqueId: string, token: string) {
  const ticket = await enqueueForTicket(instance.url, { profile: "gang", uniqueId, count: 3, token });
  return { uniqueId, ticket };
}
