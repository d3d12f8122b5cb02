// One run's token, or its artifact, enqueues so many jobs and no more. Whoever is held back hears
// so in an empty 429, costs the store nothing, and nobody else notices.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SimulatedGithub } from "../../scripts/simulated-github/github.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
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
const settings = (github: SimulatedGithub) => ({
  OIDC_AUDIENCE: aud,
  OIDC_ISSUER: github.url,
  API_TOKENS: `${apiToken},servo/=of-the-servo-owner`,
  MAX_JOBS_PER_REPO: "300",
  // nobody polls in these tests
  ABANDON_AFTER: "30m",
});

const stores = ["embedded", ...(hasRedis ? ["Redis"] : [])];
describe.each(stores)("on the store %s", (kind) => {
  let redis: RedisServer | undefined;
  let queue: TokenlessQueue;
  beforeAll(async () => {
    if (kind === "Redis") redis = await startRedis();
    const url = redis?.url;
    queue = await startTokenlessQueue((github) => ({
      ...settings(github),
      ...(url !== undefined && { REDIS_URL: url }),
    }));
  });
  afterAll(async () => {
    await queue?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });

  async function enqueueWith(
    bearer: string,
    uniqueId: string,
    run = runId,
    qualifiedRepo = repo,
  ): Promise<ProblemReply> {
    const query = new URLSearchParams({ unique_id: uniqueId, qualified_repo: qualifiedRepo, run_id: run });
    const headers = { authorization: `Bearer ${bearer}` };
    return await askProblem(`${queue.service.url}/profile/linux/enqueue?${query}`, { method: "POST", headers });
  }
  const tokenOf = (run: string) => queue.github.issueIdToken({ aud, repository: repo, run_id: run });
  /** Sends so many, forty at once; answers their replies. */
  async function flood(count: number, send: (n: number) => Promise<ProblemReply>): Promise<ProblemReply[]> {
    const replies: ProblemReply[] = [];
    const numbers = Array.from({ length: count }, (_, n) => n).values();
    const worker = async () => {
      for (const n of numbers) replies.push(await send(n));
    };
    await Promise.all(Array.from({ length: 40 }, worker));
    return replies;
  }
  const statuses = (replies: readonly ProblemReply[], status: number) => replies.filter((one) => one.status === status);
  const seen = ({ status, text, headers }: ProblemReply) => [
    status,
    text,
    headers.get("x-queue-reason"),
    headers.get("retry-after"),
  ];

  it("one run's token that sends 1,000 enqueues gets 256 places, and every other caller their own meanwhile", async () => {
    const token = await tokenOf(runId);
    let isOver = false;
    const countHonest = async () => {
      let honest = 0;
      for (; !isOver; honest++) {
        const reply = await enqueueWith(apiToken, `honest-${honest}`, "5", "honest/repo");
        expect(seen(reply)).toEqual([200, expect.stringMatching(/\w+/), null, null]);
      }
      return honest;
    };
    const [replies, honest] = await Promise.all([
      flood(1_000, (n) => enqueueWith(token, `flood-${n}`)).finally(() => {
        isOver = true;
      }),
      countHonest(),
    ]);
    expect(statuses(replies, 200)).toHaveLength(256);
    const refused = statuses(replies, 429);
    expect(refused).toHaveLength(744);
    for (const reply of refused) expect(seen(reply)).toEqual([429, "", "run_queue_full", "5"]);
    // about forty of the flood are before each of theirs
    expect(honest).toBeGreaterThan(10);
  });

  it("an artifact of that run, and a token bound to its owner, are held to the same limit", async () => {
    queue.upload("by-artifact");
    expect(seen(await queue.enqueueJob("by-artifact"))).toEqual([429, "", "run_queue_full", "5"]);
    expect(seen(await enqueueWith("of-the-servo-owner", "bound"))).toEqual([429, "", "run_queue_full", "5"]);
    expect((await enqueueWith(apiToken, "unbound")).status, "a token that speaks for everybody is not").toBe(200);
  });

  it("its repository gets as many as MAX_JOBS_PER_REPO allows, over all its runs", async () => {
    const replies = [];
    for (const run of ["78", "79"]) {
      const token = await tokenOf(run);
      replies.push(...(await flood(100, (n) => enqueueWith(token, `run-${run}-${n}`, run))));
    }
    expect(statuses(replies, 200)).toHaveLength(300 - 256);
    for (const reply of statuses(replies, 429)) expect(seen(reply)).toEqual([429, "", "repository_queue_full", "5"]);
  });

  it.skipIf(kind !== "Redis")("whoever is refused leaves nothing in the store", async () => {
    const client = redis?.client;
    if (client === undefined) throw new Error("there is one");
    const token = await tokenOf(runId);
    const before = await client.dbsize();
    const replies = await flood(200, (n) => enqueueWith(token, `nothing-${n}`));
    expect(statuses(replies, 429)).toHaveLength(200);
    expect(await client.dbsize()).toBe(before);
  });

  it("a place is free again once a job of the run is over", async () => {
    const [uniqueId, token] = ["flood-0", await tokenOf(runId)];
    const cancel = () =>
      fetch(`${queue.service.url}/jobs/${uniqueId}`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${apiToken}` },
      });
    expect(seen(await enqueueWith(token, "instead"))).toEqual([429, "", "run_queue_full", "5"]);
    expect((await cancel()).status).toBe(200);
    expect((await enqueueWith(token, "instead")).status).toBe(200);
    expect(seen(await enqueueWith(token, "and-another"))).toEqual([429, "", "run_queue_full", "5"]);
  });
});
