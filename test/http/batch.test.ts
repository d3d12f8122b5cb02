// A batch: places that follow one another, a ticket or a problem for each job, all or none where
// that is wanted, and nothing at all where one would be told to come back.
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";
import { askProblem } from "../support/tokenless.ts";

interface Asked {
  readonly unique_id: string;
  readonly [word: string]: unknown;
}
interface Answered {
  readonly unique_id: string;
  readonly ticket?: string;
  readonly problem?: { readonly code: string; readonly status: number };
}

const stores = ["embedded", ...(hasRedis ? ["Redis"] : [])];
describe.each(stores)("on the store %s", (kind) => {
  let redis: RedisServer | undefined;
  let monitor: Awaited<ReturnType<typeof startSimulatedMonitor>>;
  let service: RunningService;
  beforeAll(async () => {
    if (kind === "Redis") redis = await startRedis();
    monitor = await startSimulatedMonitor({
      name: "ci0",
      token: monitorToken,
      profiles: { linux: 0, macos: 0 },
      habits: { startsAfterMs: null },
    });
    for (const profile of ["linux", "macos"]) monitor.setTarget(profile, 3);
    service = await startService({
      monitors: [monitor],
      env: {
        API_TOKENS: `${apiToken},o/=of-the-owner-of-o`,
        OPERATOR_TOKENS: "operator-token",
        MAX_QUEUE_DEPTH: "60",
        MAX_JOBS_PER_RUN: "8",
        // nobody polls in these tests
        ABANDON_AFTER: "30m",
      },
      ...(redis !== undefined && { redisUrl: redis.url }),
    });
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
    await redis?.[Symbol.asyncDispose]();
  });

  async function send(body: unknown, { run = "1", query = "", bearer = apiToken } = {}) {
    const reply = await askProblem(`${service.url}/runs/${run}/enqueue${query}`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const jobs = reply.text === "" ? [] : ((JSON.parse(reply.text) as { jobs?: Answered[] }).jobs ?? []);
    return { ...reply, jobs };
  }
  const job = (unique_id: string, profile_key = "linux"): Asked => ({ unique_id, profile_key, qualified_repo: "o/r" });
  const many = (name: string, count: number, profile = "linux") =>
    Array.from({ length: count }, (_, n) => job(`${name}-${n}`, profile));
  const placeOf = (ticket: string | undefined) => Number(decodeJwt(ticket ?? "").place);
  const codesOf = (jobs: readonly Answered[]) => jobs.map(({ ticket, problem }) => problem?.code ?? typeof ticket);
  const stateOf = async (uniqueId: string) => {
    const headers = { authorization: "Bearer operator-token" };
    const { status, code, text } = await askProblem(`${service.url}/jobs/${uniqueId}`, { headers });
    return status === 200 ? (JSON.parse(text) as { state: string }).state : code;
  };
  const cancel = async (jobs: readonly Answered[]) => {
    for (const { unique_id, ticket } of jobs)
      await fetch(`${service.url}/jobs/${unique_id}?token=${ticket}`, { method: "DELETE" });
  };
  const enqueueAlone = async (uniqueId: string, profile = "linux") => {
    const query = new URLSearchParams({ unique_id: uniqueId, qualified_repo: "o/r", run_id: "2" });
    const headers = { authorization: `Bearer ${apiToken}` };
    return await askProblem(`${service.url}/profile/${profile}/enqueue?${query}`, { method: "POST", headers });
  };

  it("its places follow one another in each line, in the order of the batch, whoever comes meanwhile", async () => {
    const asked = [...many("adjacent", 12), ...many("adjacent-mac", 6, "macos")];
    const mixed = asked.toSorted((a, b) => (a.unique_id.slice(-1) < b.unique_id.slice(-1) ? -1 : 1));
    const alone = Array.from({ length: 24 }, (_, n) => () => enqueueAlone(`alone-${n}`));
    const [batch, ...others] = await Promise.all([
      send({ jobs: mixed }),
      ...alone.map(async (enqueue, n) => {
        if (n % 2 === 1) await new Promise(setImmediate);
        return await enqueue();
      }),
    ]);
    expect(batch.jobs.map(({ unique_id }) => unique_id)).toEqual(mixed.map(({ unique_id }) => unique_id));
    for (const profile of ["linux", "macos"]) {
      const places = batch.jobs
        .filter((_, at) => mixed[at]?.profile_key === profile)
        .map(({ ticket }) => placeOf(ticket));
      const first = places[0] ?? 0;
      const last = places.at(-1) ?? 0;
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      if (profile === "macos") continue;
      const between = others.map(({ text }) => placeOf(text)).filter((place) => place >= first && place <= last);
      expect(between).toEqual([]);
    }
    const again = await send({ jobs: mixed });
    expect(again.text, "the same request, the same tickets").toBe(batch.text);
    await cancel([...batch.jobs, ...others.map(({ text }, n) => ({ unique_id: `alone-${n}`, ticket: text }))]);
  });

  it("each job has a ticket or a problem of its own", async () => {
    const asked = [
      job("each-1"),
      { ...job("each-2"), runner_count: 4 },
      job("each-3", "nobody-has-it"),
      { ...job("each-4"), class: "unheard-of" },
      { ...job("each-5"), presence: "github" },
      { ...job("each-6", "macos"), runner_count: 2, max_wait: 3600, run_attempt: 1 },
    ];
    const { status, jobs, headers } = await send({ jobs: asked });
    expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(codesOf(jobs)).toEqual([
      "string",
      "unsatisfiable",
      "unsatisfiable",
      "class_unknown",
      "malformed_parameter",
      "string",
    ]);
    const changed = await send({ jobs: [{ ...job("each-6", "macos"), runner_count: 1 }, job("each-1", "macos")] });
    expect(codesOf(changed.jobs)).toEqual(["id_conflict", "id_conflict"]);
    await cancel(jobs);
  });

  it("with all=1 one problem is everybody's: nothing is enqueued, and what stands in the way is listed", async () => {
    const asked = [job("all-1"), job("all-2", "macos"), { ...job("all-3", "macos"), runner_count: 9 }];
    const { status, code, jobs } = await send({ jobs: asked }, { query: "?all=1" });
    expect([status, code]).toEqual([422, "batch_refused"]);
    expect(jobs).toEqual([
      { unique_id: "all-1" },
      { unique_id: "all-2" },
      { unique_id: "all-3", problem: expect.objectContaining({ code: "unsatisfiable" }) },
    ]);
    const unheard = [{ ...job("all-1"), class: "unheard-of" }, job("all-2")];
    expect((await send({ jobs: unheard }, { query: "?all=1" })).code).toBe("batch_refused");
    for (const id of ["all-1", "all-2"]) expect(await stateOf(id)).toBe("job_unknown");
    const good = await send({ jobs: asked.slice(0, 2) }, { query: "?all=1" });
    expect([good.status, codesOf(good.jobs)]).toEqual([200, ["string", "string"]]);
    await cancel(good.jobs);
  });

  it("where a line is too full for its part, nothing is enqueued anywhere: an empty 429", async () => {
    const first = await send({ jobs: many("full", 55, "macos") });
    expect(first.status).toBe(200);
    const { status, text, headers } = await send({ jobs: [...many("fuller", 2), ...many("fullest", 6, "macos")] });
    expect([status, text, headers.get("x-queue-reason")]).toEqual([429, "", "queue_full"]);
    expect([await stateOf("fuller-0"), await stateOf("fullest-0")]).toEqual(["job_unknown", "job_unknown"]);
    const fitting = await send({ jobs: [...many("fuller", 2), ...many("fullest", 5, "macos")] });
    expect(fitting.status).toBe(200);
    const again = await send({ jobs: many("full", 55, "macos") });
    expect(again.text, "who is in line already is answered").toBe(first.text);
    await cancel([...first.jobs, ...fitting.jobs]);
  });

  it("a caller's limit per run holds for the batch as a whole, and who is refused counts nowhere", async () => {
    const caller = { run: "3", bearer: "of-the-owner-of-o" };
    const { status, text, headers } = await send({ jobs: many("limit", 9) }, caller);
    expect([status, text, headers.get("x-queue-reason")]).toEqual([429, "", "run_queue_full"]);
    expect(await stateOf("limit-0")).toBe("job_unknown");
    const allowed = await send({ jobs: many("limit", 8) }, caller);
    expect([allowed.status, allowed.jobs.length]).toEqual([200, 8]);
    const foreign = await send({ jobs: [{ ...job("foreign"), qualified_repo: "x/r" }] }, caller);
    expect(codesOf(foreign.jobs)).toEqual(["token_not_for_repository"]);
    await cancel(allowed.jobs);
  });

  it("of two batches that fill the same two lines one is enqueued whole, the other not at all", async () => {
    for (let round = 0; round < 2; round++) {
      const batches = await Promise.all(
        ["a", "b"].map((name) =>
          send({ jobs: [...many(`race-${name}-${round}`, 31), ...many(`race-mac-${name}-${round}`, 31, "macos")] }),
        ),
      );
      expect(batches.map(({ status }) => status).toSorted()).toEqual([200, 429]);
      const loser = batches[0]?.status === 429 ? "a" : "b";
      for (const line of ["race", "race-mac"])
        expect(["cancelled", "job_unknown"]).toContain(await stateOf(`${line}-${loser}-${round}-0`));
      await cancel(batches.flatMap(({ jobs }) => jobs));
    }
  });

  it.each<[string, unknown]>([
    ["no JSON", "{"],
    ["no jobs", {}],
    ["an empty list", { jobs: [] }],
    ["101 jobs", { jobs: Array.from({ length: 101 }, (_, n) => ({ ...job(`x-${n}`) })) }],
    ["an id twice, in another case", { jobs: [job("twice"), job("Twice")] }],
    ["a word that nobody knows", { jobs: [{ ...job("a"), runers: 2 }] }],
    ["a word beside the jobs", { jobs: [job("a")], all: 1 }],
    ["a count that is a text", { jobs: [{ ...job("a"), runner_count: "2" }] }],
    ["a repository that is none", { jobs: [{ ...job("a"), qualified_repo: "o" }] }],
    ["brackets without end", "[".repeat(5_000)],
  ])("%s is refused as a whole, and in words", async (_, body) => {
    const { status, code, detail } = await send(body);
    expect([status, code]).toEqual([400, "batch_malformed"]);
    expect(detail).toMatch(/^[a-z]/);
    expect(await stateOf("twice")).toBe("job_unknown");
  });

  it("a body above 64 KiB, whether it says so or not, a query that nobody knows, and a missing bearer are refused", async () => {
    const large = `{"jobs": [${" ".repeat(70_000)}]}`;
    expect(await send(large)).toMatchObject({ status: 413, code: "body_too_large" });
    const chunked = await fetch(`${service.url}/runs/1/enqueue`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiToken}` },
      body: new Blob([large]).stream(),
      duplex: "half",
    } as RequestInit);
    expect(chunked.status).toBe(413);
    expect(await send({ jobs: [job("a")] }, { query: "?every=1" })).toMatchObject({ code: "malformed_parameter" });
    expect(await send({ jobs: [job("a")] }, { query: "?all=yes" })).toMatchObject({ code: "malformed_parameter" });
    expect(await send({ jobs: [job("a")] }, { run: "x" })).toMatchObject({ code: "malformed_parameter" });
    expect(await send("{", { bearer: "wrong" })).toMatchObject({ status: 403, code: "bearer_unknown" });
  });
});
