// What operators see and do, over HTTP, on both stores: the documents are what the OpenAPI says,
// acts are obeyed at once by whoever asks next, and the history tells what happened.
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { describeApi } from "../../src/http/openapi.ts";
import { cancel, enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";
import { askProblem } from "../support/tokenless.ts";

const bearer = { authorization: "Bearer operator-token" };
const { components } = describeApi(100, "0") as { components: unknown };
// Formats are names to ajv; shapes are what counts here.
const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema({ $id: "api", components });

/** What keeps a document from being what the OpenAPI calls `name`. */
function differences(name: string, document: unknown): unknown {
  const validate = ajv.getSchema(`api#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`no schema ${name}`);
  return validate(document) === true ? null : validate.errors;
}

for (const kind of ["embedded", "redis"] as const) {
  describe.skipIf(kind === "redis" && !hasRedis)(`operators on the ${kind} store`, () => {
    let monitors: SimulatedMonitor[];
    let redis: RedisServer | undefined;
    let services: RunningService[];

    beforeAll(async () => {
      monitors = await Promise.all(
        ["ci0", "ci1"].map((name) =>
          startSimulatedMonitor({ name, token: monitorToken, profiles: { linux: 2 }, habits: { startsAfterMs: null } }),
        ),
      );
      redis = kind === "redis" ? await startRedis() : undefined;
      const options = {
        monitors,
        env: { OPERATOR_TOKENS: "operator-token" },
        ...(redis === undefined ? {} : { redisUrl: redis.url }),
      };
      // on Redis what is done at one instance is seen at another
      services = [await startService(options), ...(redis === undefined ? [] : [await startService(options)])];
    });
    afterAll(async () => {
      for (const service of services ?? []) await service[Symbol.asyncDispose]();
      for (const monitor of monitors ?? []) await monitor.close();
      await redis?.[Symbol.asyncDispose]();
    });

    const here = () => services[0]!.url;
    const elsewhere = () => services.at(-1)!.url;
    const post = (path: string, headers: Record<string, string> = bearer) =>
      askProblem(here() + path, { method: "POST", headers });
    const load = async (): Promise<Dashboard> =>
      (await fetch(`${elsewhere()}/dashboard.json`)).json() as Promise<Dashboard>;
    /** A document is up to a second old. */
    const loadUntil = async (isSo: (dashboard: Dashboard) => boolean): Promise<Dashboard> => {
      const giveUpAt = performance.now() + 5_000;
      for (;;) {
        const dashboard = await load();
        if (isSo(dashboard)) return dashboard;
        if (performance.now() > giveUpAt) throw new Error(`not so: ${JSON.stringify(dashboard)}`);
      }
    };
    const history = async (query: string) => {
      const reply = await fetch(`${elsewhere()}/history.json?${query}`, { headers: bearer });
      return ((await reply.json()) as { entries: Record<string, unknown>[] }).entries;
    };

    it("only an operator's bearer may act or read the history", async () => {
      for (const path of [
        "/monitors/ci0/drain",
        "/monitors/ci0/resume",
        "/profiles/linux/pause",
        "/profiles/linux/resume",
      ]) {
        expect(await post(path, {})).toMatchObject({ status: 401, code: "bearer_missing" });
        const enqueuer = { authorization: "Bearer api-token-of-the-tests" };
        expect(await post(path, enqueuer)).toMatchObject({ status: 403, code: "not_an_operator", detail: undefined });
        const unknown = await post(path, { authorization: "Bearer unknown" });
        expect(unknown).toMatchObject({ status: 403, code: "bearer_unknown" });
        expect(unknown.detail).toContain("OPERATOR_TOKENS");
      }
      expect(await askProblem(`${here()}/history.json`, {})).toMatchObject({ status: 401, code: "bearer_missing" });
    });

    it("what is unknown or malformed is refused with a sentence", async () => {
      expect(await post("/monitors/ci9/drain")).toMatchObject({ status: 404, code: "monitor_unknown" });
      expect(await post("/profiles/nope/pause")).toMatchObject({ status: 404, code: "profile_unknown" });
      for (const query of [
        "until=yesterday",
        "until=0s",
        "until=99999d",
        "until=2001-01-01T00:00:00Z",
        "note=a%0Ab",
        `note=${"x".repeat(301)}`,
        "by=%1b[31m",
        "note=1&note=2",
      ]) {
        expect((await post(`/monitors/ci0/drain?${query}`)).status, query).toBe(400);
      }
      expect((await askProblem(`${here()}/history.json?limit=0`, { headers: bearer })).code).toBe(
        "malformed_parameter",
      );
    });

    it("a drained monitor gets no takes, is still known, and says who drained it, why and until when", async () => {
      const drained = await post("/monitors/ci0/drain?note=disk%20full&by=ann&until=2h");
      expect(JSON.parse(drained.text)).toMatchObject({ monitor: "ci0", draining: true, by: "ann", note: "disk full" });
      const takes: string[] = [];
      const unsubscribe = monitors[0]!.onTake(({ uniqueId }) => takes.push(uniqueId));
      for (const id of ["d1", "d2"]) {
        const ticket = await enqueueForTicket(elsewhere(), { profile: "linux", uniqueId: id });
        expect((await takeUntilDone(elsewhere(), id, ticket)).status).toBe(200);
      }
      expect(takes).toEqual([]);
      unsubscribe();
      // four runners are kept in all: three may be asked for, though only two can be served now
      const three = await enqueueForTicket(elsewhere(), { profile: "linux", uniqueId: "d3", count: 3 });
      const waiting = await take(elsewhere(), "d3", three);
      expect(waiting.headers.get("x-queue-reason")).toBe("unsatisfiable_now");
      await cancel(elsewhere(), "d3", three);
      expect((await fetch(`${elsewhere()}/readyz`)).status).toBe(200);
      const dashboard = await loadUntil(({ monitors: [ci0] }) => ci0?.draining !== null);
      expect(dashboard.monitors[0]?.draining).toMatchObject({ by: "ann", note: "disk full" });
      expect(dashboard.profiles[0]?.capacity).toMatchObject({ available: 0, target: 4 });
    });

    it("a drain is over when it is resumed, or when its time is", async () => {
      await post("/monitors/ci0/resume?by=bob");
      const ticket = await enqueueForTicket(elsewhere(), { profile: "linux", uniqueId: "r1" });
      expect((await takeUntilDone(elsewhere(), "r1", ticket)).status).toBe(200);
      await post("/monitors/ci0/drain?until=1s");
      const second = await enqueueForTicket(elsewhere(), { profile: "linux", uniqueId: "r2" });
      expect((await take(elsewhere(), "r2", second)).status).toBe(503);
      expect((await takeUntilDone(elsewhere(), "r2", second)).status).toBe(200);
      expect((await loadUntil(({ monitors: [ci0] }) => ci0?.draining === null)).monitors[0]?.takes.taken).toBe(2);
    });

    it("a paused profile claims nothing and keeps every place; resumed, it goes on in order", async () => {
      monitors[1]!.setTarget("linux", 6);
      await post("/profiles/linux/pause?note=upgrade&by=ann");
      const tickets = [];
      for (const id of ["p1", "p2"])
        tickets.push(await enqueueForTicket(elsewhere(), { profile: "linux", uniqueId: id }));
      for (const [i, id] of ["p1", "p2"].entries()) {
        const reply = await take(elsewhere(), id, tickets[i]!);
        expect([
          reply.status,
          reply.text,
          reply.headers.get("x-queue-reason"),
          reply.headers.get("x-queue-position"),
        ]).toEqual([503, "", "profile_paused", String(i + 1)]);
      }
      const dashboard = await loadUntil(({ profiles: [linux] }) => linux?.waiting === 2);
      expect(dashboard.profiles[0]?.paused).toMatchObject({ by: "ann", note: "upgrade", until: null });
      expect(dashboard.profiles[0]?.jobs.map(({ unique_id, reason }) => `${unique_id} ${reason}`)).toEqual([
        "p1 profile_paused",
        "p2 profile_paused",
      ]);
      await post("/profiles/linux/resume");
      for (const [i, id] of ["p1", "p2"].entries()) {
        expect((await takeUntilDone(elsewhere(), id, tickets[i]!)).status).toBe(200);
      }
    });

    it("a pause with an end is over when its time is, not before, and needs nobody to resume it", async () => {
      const ticket = await enqueueForTicket(elsewhere(), { profile: "linux", uniqueId: "u1" });
      const sentAt = Date.now();
      const { until } = JSON.parse((await post("/profiles/linux/pause?until=1s")).text) as { until: string };
      expect((await take(elsewhere(), "u1", ticket)).headers.get("x-queue-reason")).toBe("profile_paused");
      expect(Date.parse(until)).toBeGreaterThanOrEqual(sentAt + 1_000);
      expect((await takeUntilDone(elsewhere(), "u1", ticket)).status).toBe(200);
      expect(Date.now()).toBeGreaterThanOrEqual(sentAt + 1_000);
      await loadUntil(({ profiles: [linux] }) => linux?.paused === null);
    });

    it("an operator cancels a job by POST too, and its owner hears so", async () => {
      await post("/profiles/linux/pause");
      const ticket = await enqueueForTicket(elsewhere(), { profile: "linux", uniqueId: "c1" });
      expect(JSON.parse((await post("/jobs/c1/cancel")).text)).toMatchObject({ unique_id: "c1", state: "cancelled" });
      expect((await take(elsewhere(), "c1", ticket)).text).toContain("job_cancelled");
      await post("/profiles/linux/resume");
    });

    it("the history answers what happened to a run, and who did what", async () => {
      await enqueueForTicket(elsewhere(), { profile: "linux", uniqueId: "h1", repo: "me/mine", runId: "123" }).then(
        (ticket) => takeUntilDone(elsewhere(), "h1", ticket),
      );
      const entries = await history("run_id=123");
      expect(entries.map(({ what }) => what)).toEqual(["taken", "claimed", "queued"]);
      expect(entries[0]).toMatchObject({
        unique_id: "h1",
        qualified_repo: "me/mine",
        run_url: "https://github.com/me/mine/actions/runs/123",
        runners: [expect.stringMatching(/^ci[01]\//)],
      });
      expect(await history("qualified_repo=ME/mine")).toHaveLength(3);
      expect(await history("unique_id=h1&limit=1")).toHaveLength(1);
      expect(await history("profile=other")).toEqual([]);
      const acts = (await history("limit=2000")).filter(({ by }) => by !== null).reverse();
      expect(acts.map(({ what, by }) => `${what} ${by}`)).toEqual([
        "drained ann",
        "resumed bob",
        "drained operator",
        "paused ann",
        "unpaused operator",
        "paused operator",
        "paused operator",
        "cancelled operator",
        "unpaused operator",
      ]);
      for (const entry of entries) expect(differences("Entry", entry)).toBeNull();
    });

    it("a misspelt parameter, or one in a body, is refused: it would be a drain without its end", async () => {
      for (const query of ["untill=1s", "until=1s&why=x", "token=t"]) {
        expect(await post(`/monitors/ci1/drain?${query}`)).toMatchObject({ status: 400 });
      }
      const init = { method: "POST", headers: bearer, body: "note=x&until=1s" };
      const reply = await askProblem(`${elsewhere()}/monitors/ci1/drain`, init);
      expect(reply).toMatchObject({ status: 400, code: "malformed_parameter" });
      expect((await fetch(`${elsewhere()}/history.json?profil=linux`, { headers: bearer })).status).toBe(400);
      expect((await loadUntil(() => true)).monitors.find(({ name }) => name === "ci1")?.draining).toBeNull();
    });

    it("HEAD of the stream takes no viewer's place", async () => {
      for (let n = 0; n < 205; n++) expect((await fetch(`${elsewhere()}/events`, { method: "HEAD" })).status).toBe(200);
      const controller = new AbortController();
      const stream = await fetch(`${elsewhere()}/events`, { signal: controller.signal });
      expect([stream.status, stream.headers.get("cache-control")]).toEqual([200, "no-store"]);
      controller.abort();
    });

    it("the document is what the OpenAPI says, also as the stream's events, with jobs, acts and ends in it", async () => {
      await post("/monitors/ci1/drain");
      await post("/monitors/ci0/drain?until=1h");
      const ticket = await enqueueForTicket(elsewhere(), { profile: "linux", uniqueId: "s1" });
      await take(elsewhere(), "s1", ticket);
      const dashboard = await loadUntil(({ profiles: [linux] }) => linux?.waiting === 1);
      expect(dashboard.ends.length).toBeGreaterThan(5);
      expect(differences("Dashboard", dashboard)).toBeNull();
      expect(differences("Dashboard", { ...dashboard, profiles: [{}] })).not.toBeNull();

      const controller = new AbortController();
      const stream = await fetch(`${elsewhere()}/events`, { signal: controller.signal });
      expect(stream.headers.get("content-type")).toContain("text/event-stream");
      let text = "";
      for await (const chunk of stream.body!) {
        text += new TextDecoder().decode(chunk);
        if (text.includes("\n\n")) break;
      }
      controller.abort();
      const [, event, data] = /event: (\w+)\ndata: (.*)\n/.exec(text) ?? [];
      expect(event).toBe("dashboard");
      expect(differences("Dashboard", JSON.parse(data ?? ""))).toBeNull();
      await cancel(elsewhere(), "s1", ticket);
    });
  });
}
