// `presence=github` and `run_attempt` at every enqueue - by a bearer, an artifact and an OIDC token -
// where GitHub sends no event at all: its API is asked.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { apiToken } from "../support/service.ts";
import {
  askProblem,
  type ProblemReply,
  repo,
  runId,
  startTokenlessQueue,
  type TokenlessQueue,
} from "../support/tokenless.ts";

const aud = "https://queue.example";
const secret = "webhook-secret-of-the-tests";
/** Of this queue, s. */
const abandonAfter = 4;
let queue: TokenlessQueue;
beforeAll(async () => {
  queue = await startTokenlessQueue(({ url }) => ({
    OIDC_AUDIENCE: aud,
    OIDC_ISSUER: url,
    ABANDON_AFTER: `${abandonAfter}s`,
    GITHUB_WEBHOOK_SECRETS: secret,
  }));
}, 120_000);
afterAll(async () => {
  const violations = queue?.github.violations;
  await queue?.[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

type Terms = Readonly<Record<string, string>>;
const ways: Readonly<Record<string, (uniqueId: string, terms: Terms) => Promise<ProblemReply>>> = {
  "a bearer": (uniqueId, terms) => enqueue(`/profile/linux/enqueue`, uniqueId, terms, apiToken),
  "an artifact": (uniqueId, terms) => {
    queue.upload(uniqueId);
    return enqueue("/enqueue", uniqueId, terms);
  },
  "an OIDC token": async (uniqueId, terms) => {
    const token = await queue.github.issueIdToken({ aud, repository: repo, run_id: runId });
    return await enqueue("/profile/linux/enqueue", uniqueId, terms, token);
  },
};
const names = Object.keys(ways);
const idOf = (way: string, what: string) => `${way.replaceAll(" ", "-")}-${what}`;
const by = (way: string, what: string, terms: Terms) => {
  const ask = ways[way];
  if (ask === undefined) throw new Error(`${way} is no way`);
  return ask(idOf(way, what), terms);
};

async function enqueue(path: string, uniqueId: string, terms: Terms, bearer?: string): Promise<ProblemReply> {
  const query = new URLSearchParams({ unique_id: uniqueId, qualified_repo: repo, run_id: runId, ...terms });
  const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  return await askProblem(`${queue.service.url}${path}?${query}`, { method: "POST", headers });
}
async function show(uniqueId: string) {
  const headers = { authorization: `Bearer ${apiToken}` };
  return (await (await fetch(`${queue.service.url}/jobs/${uniqueId}`, { headers })).json()) as Record<string, unknown>;
}
async function shownWhen(uniqueId: string, isIt: (job: Record<string, unknown>) => boolean) {
  const look = async () => {
    const job = await show(uniqueId);
    if (!isIt(job)) throw new Error(`${uniqueId} is ${JSON.stringify(job)}`);
    return job;
  };
  return await vi.waitFor(look, { timeout: 60_000 });
}

describe.each(names)("by %s", (way) => {
  it("run_attempt is no part of a job's identity, and a higher one than was served is the next generation", async () => {
    const uniqueId = idOf(way, "again");
    const first = await by(way, "again", { run_attempt: "1" });
    expect(first.status).toBe(200);
    expect((await by(way, "again", { run_attempt: "2" })).text, "while it lives, it is this job").toBe(first.text);
    const runners = runnerIdsIn(await takeUntilDone(queue.service.url, uniqueId, first.text));
    expect((await by(way, "again", { run_attempt: "2" })).text, "that attempt has its runner").toBe(first.text);
    queue.monitor.freeOne("linux");
    const next = await by(way, "again", { run_attempt: "3" });
    expect([next.status, next.text === first.text]).toEqual([200, false]);
    expect(await show(uniqueId)).toMatchObject({ generation: 2, state: "queued" });
    const others = runnerIdsIn(await takeUntilDone(queue.service.url, uniqueId, next.text));
    expect(others).not.toEqual(runners);
    expect(runnerIdsIn(await take(queue.service.url, uniqueId, first.text)), "the first ticket is as good").toEqual(
      others,
    );
    queue.monitor.freeOne("linux");
  }, 120_000);

  it.each([
    { presence: "nobody" },
    { presence: "" },
    { run_attempt: "0" },
    { run_attempt: "-1" },
    { run_attempt: "1.5" },
    { run_attempt: "9".repeat(20) },
    { run_attempt: "" },
  ])("refuses what means nothing: %o", async (terms) => {
    expect(await by(way, "nonsense", terms)).toMatchObject({ status: 400, code: "malformed_parameter" });
  });
});

describe("presence=github", () => {
  it.each(names)(
    "by %s: nobody polls, and the job gets its runner once GitHub lists it",
    async (way) => {
      const uniqueId = idOf(way, "present");
      const before = await by(way, "present", { presence: "github" });
      expect(before.status).toBe(200);
      const labels = ["self-hosted", `reserved-for:${uniqueId}`];
      queue.github.addJob(repo, runId, { name: uniqueId, status: "queued", labels });
      queue.monitor.freeOne("linux");
      const job = await shownWhen(uniqueId, ({ state }) => state === "taken");
      expect(job).toMatchObject({ generation: 1, run_id: runId });
    },
    120_000,
  );

  it("gets each job one runner, though GitHub's events are lost, doubled and late", async () => {
    let at = 0;
    const webhook = { url: `${queue.service.url}/github/webhook`, secret, lost: 0.4, doubled: 0.4, lateMs: 300 };
    const deliveries = queue.github.sendEventsTo({ ...webhook, random: () => (at++ * 0.618) % 1 });
    const ids = Array.from({ length: 10 }, (_, n) => `event-${n}`);
    for (const uniqueId of ids) {
      const reply = await enqueue("/profile/linux/enqueue", uniqueId, { presence: "github" }, apiToken);
      expect(reply.status).toBe(200);
      queue.github.addJob(repo, runId, { name: uniqueId, status: "queued", labels: [`reserved-for:${uniqueId}`] });
      queue.monitor.freeOne("linux");
    }
    for (const uniqueId of ids) await shownWhen(uniqueId, ({ state }) => state === "taken");
    await deliveries.settled();
    queue.github.sendEventsTo(null);
    const { lost, doubled, statuses } = deliveries.tally;
    expect([lost > 1, doubled > 1, statuses]).toEqual([true, true, { 202: 10 - lost + doubled }]);
    expect(ids.map((uniqueId) => queue.monitor.takes.filter((one) => one.uniqueId === uniqueId).length)).toEqual(
      ids.map(() => 1),
    );
  }, 120_000);

  it("is presence for ABANDON_AFTER until GitHub's first word, and not a moment longer", async () => {
    const began = performance.now();
    await by("a bearer", "unheard", { presence: "github" });
    const { waited_ms: waitedMs } = await shownWhen(
      idOf("a bearer", "unheard"),
      ({ state }) => state !== "queued" && state !== "claimed",
    );
    // there are idle runners: it may be served in its turn before GitHub speaks
    if ((await show(idOf("a bearer", "unheard"))).state === "taken") return;
    expect(waitedMs).toBeGreaterThanOrEqual(abandonAfter * 1000);
    expect(performance.now() - began).toBeGreaterThanOrEqual(abandonAfter * 1000);
  }, 120_000);
});
