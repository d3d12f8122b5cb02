// Monitors that fetch their takes, against the real service over HTTP, with the embedded store and
// with Redis: what each call does, what is repeated, what comes too late, and that a lost reply or a
// dead instance costs a repetition and never a runner.
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { cancel, enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { scrape } from "../support/exposition.ts";
import { createPullingMonitor, type Fetched, runnerOf } from "../support/pulling-monitor.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

const env = { OPERATOR_TOKENS: "operator-token-of-tests", OFFER_TTL: "1500ms", PULL_PRESENCE: "4s" };
const job = (id: string) => ({ profile: "linux", uniqueId: id, repo: "o/r", runId: "1" });
let jobs = 0;
const newId = () => `job-${++jobs}`;

const homes = [{ name: "embedded", isRedis: false }, ...(hasRedis ? [{ name: "Redis", isRedis: true }] : [])];

describe.each(homes)("with the store $name", ({ isRedis }) => {
  let redis: RedisServer | undefined;
  let service: RunningService;
  let url: string;
  let hosts = 0;

  beforeAll(async () => {
    redis = isRedis ? await startRedis() : undefined;
    const names = Array.from({ length: 40 }, (_, at) => `h${at}=pull`).join(",");
    service = await startService({
      monitors: names,
      env,
      ...(redis !== undefined && { redisUrl: redis.url }),
    });
    url = service.url;
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });

  /** A host of its own for each test, with a runner; when the test is over it has none. */
  const withHost = async (act: (host: ReturnType<typeof createPullingMonitor>, name: string) => Promise<void>) => {
    const name = `h${hosts++}`;
    const host = createPullingMonitor(name);
    try {
      await act(host, name);
    } finally {
      await host.fetch(url, { idle: 0, target: 0, boot: "end", seq: 1_000_000 });
    }
  };
  /** The one offer that a fetch brings, once the job's claim has made it. */
  const fetchOffer = async (host: ReturnType<typeof createPullingMonitor>, wait = 20) => {
    const { status, body } = await host.fetch(url, { wait });
    expect(status).toBe(200);
    const { offers } = body as Fetched;
    expect(offers).toHaveLength(1);
    return offers[0]!;
  };
  const inLine = async () => {
    const id = newId();
    const ticket = await enqueueForTicket(url, job(id));
    return { id, ticket, answer: takeUntilDone(url, id, ticket) };
  };

  it("a job is offered, accepted and settled, and its client gets a list of one, as called monitors answer", async () => {
    await withHost(async (host) => {
      expect((await host.fetch(url)).body).toEqual({ offers: [], withdrawn: [], settled: [], drained: false });
      const { id, answer } = await inLine();
      const offer = await fetchOffer(host);
      expect(offer).toEqual({
        leg: offer.leg,
        unique_id: id,
        profile_key: "linux",
        runners: 1,
        qualified_repo: "o/r",
        run_id: "1",
      });
      const accepted = await host.accept(url, offer.leg);
      expect([accepted.status, accepted.body]).toEqual([200, { begin_within_ms: 2_000 }]);
      expect((await host.settle(url, offer.leg, "taken", ["r1"])).status).toBe(200);
      const { status, text } = await answer;
      expect([status, JSON.parse(text)]).toEqual([200, [runnerOf("r1")]]);
    });
  });

  it("the same accept and the same settle again are answered the same, another settle is refused and moves nothing", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const { answer } = await inLine();
      const { leg } = await fetchOffer(host);
      const seq = host.nextSeq();
      for (let time = 0; time < 2; time++) expect((await host.accept(url, leg, "b1", seq)).status).toBe(200);
      for (let time = 0; time < 2; time++) expect((await host.settle(url, leg, "taken", ["r1"])).status).toBe(200);
      const otherwise = [await host.settle(url, leg, "refused"), await host.settle(url, leg, "taken", ["r2"])];
      expect(otherwise.map(({ status, code }) => [status, code])).toEqual([
        [409, "leg_settled_otherwise"],
        [409, "leg_settled_otherwise"],
      ]);
      expect(JSON.parse((await answer).text)).toEqual([runnerOf("r1")]);
    });
  });

  it("a fetch whose reply was lost is made again and brings the same offer", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const { answer } = await inLine();
      const first = await fetchOffer(host);
      const again = await fetchOffer(host);
      expect(again).toEqual(first);
      await host.accept(url, again.leg);
      await host.settle(url, again.leg, "taken", ["r1"]);
      expect(runnerIdsIn(await answer)).toEqual(["r1"]);
    });
  });

  it("an offer that nobody takes on is withdrawn after OFFER_TTL, costs the job no attempt, and is offered anew", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const { id, ticket, answer } = await inLine();
      const first = await fetchOffer(host);
      const withdrawn = await service.onLog((line) => line.uniqueId === id && line.detail === "withdrawn");
      expect(withdrawn.monitor).toMatch(/^h/);
      const late = await host.accept(url, first.leg);
      expect([late.status, late.code]).toEqual([409, "leg_withdrawn"]);
      const second = await fetchOffer(host);
      expect(second.leg).not.toBe(first.leg);
      const state = await (await fetch(`${url}/jobs/${id}?token=${ticket}`)).json();
      expect(state).toMatchObject({ state: "claimed" });
      await host.accept(url, second.leg);
      await host.settle(url, second.leg, "taken", ["r1"]);
      expect(runnerIdsIn(await answer)).toEqual(["r1"]);
    });
  });

  it("a cancelled job's offer is withdrawn at once", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const { id, ticket, answer } = await inLine();
      const { leg } = await fetchOffer(host);
      expect((await cancel(url, id, ticket)).status).toBe(200);
      expect((await answer).status).toBe(404);
      const late = await host.accept(url, leg);
      expect([late.status, late.code]).toEqual([409, "leg_withdrawn"]);
    });
  });

  it("a snapshot that lists the leg with a runner settles it, though every reply and the settle were lost", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const { id, answer } = await inLine();
      const { leg } = await fetchOffer(host);
      await host.accept(url, leg);
      const working = { leg, unique_id: id, id: null };
      expect((await host.fetch(url, { idle: 0, reservations: [working] })).body.withdrawn).toEqual([]);
      const listed = { leg, unique_id: id, ...runnerOf("r7"), busy: false };
      const { body } = await host.fetch(url, { idle: 0, reservations: [listed] });
      expect((body as Fetched).settled).toEqual([leg]);
      expect(runnerIdsIn(await answer)).toEqual(["r7"]);
    });
  });

  it("what it lists as busy is what runs now", async () => {
    await withHost(async (host, name) => {
      await host.fetch(url);
      const { id, answer } = await inLine();
      const { leg } = await fetchOffer(host);
      await host.accept(url, leg);
      await host.settle(url, leg, "taken", ["r9"]);
      await answer;
      const busy = { leg: null, unique_id: id, ...runnerOf("r9"), busy: true };
      await host.fetch(url, { idle: 0, reservations: [busy] });
      const headers = { authorization: "Bearer operator-token-of-tests" };
      const shown = async () => {
        const reply = await fetch(`${url}/dashboard.json`, { headers });
        const { running } = (await reply.json()) as Pick<Dashboard, "running">;
        return running.find(({ monitor }) => monitor === name);
      };
      await vi.waitFor(async () => expect(await shown()).toMatchObject({ state: "started" }), 30_000);
      expect(await shown()).toMatchObject({ unique_id: id, runner: `${name}/r9`, runner_name: "linux.r9" });
    });
  });

  it("a snapshot later than the accept that does not list the leg is evidence that nothing is reserved: the job goes on at once", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const { answer } = await inLine();
      const first = await fetchOffer(host);
      await host.accept(url, first.leg);
      const begun = performance.now();
      // not held: until the next one the monitor counts as empty
      await host.fetch(url, { idle: 1, wait: 20 });
      expect(performance.now() - begun).toBeLessThan(15_000);
      const late = await host.settle(url, first.leg, "taken", ["r1"]);
      expect([late.status, late.code]).toEqual([409, "leg_settled_otherwise"]);
      const second = await fetchOffer(host);
      expect(second.leg).not.toBe(first.leg);
      await host.accept(url, second.leg);
      await host.settle(url, second.leg, "taken", ["r2"]);
      expect(runnerIdsIn(await answer)).toEqual(["r2"]);
    });
  });

  it("outcomes that come with a fetch are acknowledged by it, and again when they come again", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const { answer } = await inLine();
      const { leg } = await fetchOffer(host);
      await host.accept(url, leg);
      const settled = [{ leg, outcome: "taken", runners: [runnerOf(5)] }];
      for (let time = 0; time < 2; time++) {
        expect((await host.fetch(url, { idle: 0, settled })).body.settled).toEqual([leg]);
      }
      expect(runnerIdsIn(await answer)).toEqual([5]);
    });
  });

  it("a newer fetch answers the one that is held at once, without offers", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const held = host.fetch(url, { wait: 20 });
      // the newer one says nothing new, and is held as well
      const begun = performance.now();
      const newer = host.fetch(url, { wait: 1 });
      expect((await held).body.offers).toEqual([]);
      expect(performance.now() - begun).toBeLessThan(15_000);
      expect((await newer).status).toBe(200);
    });
  });

  it("a held fetch hears of a drain at once, and a drained monitor gets no offer", async () => {
    await withHost(async (host, name) => {
      await host.fetch(url);
      const held = host.fetch(url, { wait: 20 });
      const operator = { method: "POST", headers: { authorization: `Bearer ${env.OPERATOR_TOKENS}` } };
      expect((await fetch(`${url}/monitors/${name}/drain?note=x&by=me`, operator)).ok).toBe(true);
      expect((await held).body).toMatchObject({ offers: [], drained: true });
      const id = newId();
      const ticket = await enqueueForTicket(url, job(id));
      expect((await take(url, id, ticket)).status).toBe(503);
      expect((await host.fetch(url)).body).toMatchObject({ offers: [], drained: true });
      await cancel(url, id, ticket);
    });
  });

  it("a fetch with a key brings accepted legs, the same again for the same key, and one at a time", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const { answer } = await inLine();
      const key = "key-1";
      const first = await host.fetch(url, { wait: 20, key });
      expect(first.body.offers).toHaveLength(1);
      const { leg } = first.body.offers[0];
      const again = await host.fetch(url, { key });
      expect(again.body.offers.map((offer: { leg: string }) => offer.leg)).toEqual([leg]);
      expect((await host.settle(url, leg, "taken", ["r1"])).status).toBe(200);
      expect(runnerIdsIn(await answer)).toEqual(["r1"]);
      const held = host.fetch(url, { idle: 0, wait: 3, key: "key-2" });
      // it is known to be in flight once it is written down
      let busy = await host.fetch(url, { idle: 0, key: "key-2" });
      while (busy.status === 200) busy = await host.fetch(url, { idle: 0, key: "key-2" });
      expect([busy.status, busy.body, busy.headers.get("retry-after")]).toEqual([503, undefined, "1"]);
      expect((await held).status).toBe(200);
    });
  });

  it("a new boot speaks from its first call on, and the one before is told to stop, whatever it calls", async () => {
    await withHost(async (host) => {
      await host.fetch(url, { boot: "old", seq: 100 });
      await host.fetch(url, { boot: "new", seq: 1 });
      const calls = [
        await host.fetch(url, { boot: "old", seq: 101, idle: 9 }),
        await host.accept(url, "linux~x~y", "old"),
        await host.settle(url, "linux~x~y", "refused", [], "old"),
      ];
      expect(calls.map(({ status, code }) => [status, code])).toEqual(Array(3).fill([409, "boot_superseded"]));
    });
  });

  it("news of before changes nothing: not what is idle, and not a leg", async () => {
    await withHost(async (host, name) => {
      await host.fetch(url, { idle: 2, seq: 50 });
      await host.fetch(url, { idle: 0, seq: 40 });
      const dashboard = (await (await fetch(`${url}/dashboard.json`)).json()) as {
        monitors: { name: string; profiles: object[] }[];
      };
      const shown = dashboard.monitors.find((one) => one.name === name);
      expect(shown?.profiles).toMatchObject([{ profile_key: "linux", idle: 2, available: 2 }]);
    });
  });

  it("calls that are wrong are refused in words, and nothing of them is done", async () => {
    await withHost(async (host, name) => {
      const other = createPullingMonitor(name, "no-token-of-anybody");
      const stranger = createPullingMonitor("nobody");
      const good = { boot: "b", seq: 1, profiles: {} };
      const cases = [
        { call: other.fetch(url), expected: [403, "bearer_unknown"] },
        { call: stranger.fetch(url), expected: [404, "monitor_unknown"] },
        { call: host.raw(url, "fetch?wait=x", good), expected: [400, "malformed_parameter"] },
        { call: host.raw(url, "fetch", { ...good, boot: "" }), expected: [400, "body_malformed"] },
        { call: host.raw(url, "fetch", { ...good, seq: -1 }), expected: [400, "body_malformed"] },
        { call: host.raw(url, "fetch", { ...good, seq: "7" }), expected: [400, "body_malformed"] },
        {
          call: host.raw(url, "fetch", { ...good, profiles: { linux: { idle: 1e9, healthy: 0, target: 0 } } }),
          expected: [400, "body_malformed"],
        },
        { call: host.raw(url, "fetch", { ...good, reservations: [{ id: 1 }] }), expected: [400, "body_malformed"] },
        { call: host.raw(url, "fetch", "x".repeat(1_100_000)), expected: [413, "snapshot_too_large"] },
        { call: host.accept(url, "nonsense"), expected: [404, "leg_unknown"] },
        { call: host.accept(url, "linux~nobody~x-1"), expected: [404, "leg_unknown"] },
        { call: host.settle(url, "linux~nobody~x-1", "taken", [1]), expected: [404, "leg_unknown"] },
      ];
      for (const { call, expected } of cases) {
        const { status, code } = await call;
        expect([status, code]).toEqual(expected);
      }
      const { body } = await host.raw(url, "fetch", {
        ...good,
        profiles: { linux: { idle: 1.5, healthy: 0, target: 0 } },
      });
      expect(body.detail).toContain("profiles.linux.idle");
    });
  });

  it("a leg of another monitor is unknown to this one", async () => {
    await withHost(async (host) => {
      await host.fetch(url);
      const { id, ticket, answer } = await inLine();
      const { leg } = await fetchOffer(host);
      const other = createPullingMonitor("h39");
      expect((await other.accept(url, leg)).code).toBe("leg_unknown");
      expect((await other.settle(url, leg, "taken", [1])).code).toBe("leg_unknown");
      expect((await host.accept(url, leg)).status).toBe(200);
      await cancel(url, id, ticket);
      expect((await answer).status).toBe(404);
    });
  });
});

describe.skipIf(!hasRedis)("with instances on one Redis", () => {
  const monitors = "h0=pull";

  it("a leg is offered by one instance and accepted at another after the first was killed; its client gets the runner", async () => {
    await using redis = await startRedis();
    const first = await startService({ monitors, env, redisUrl: redis.url });
    await using second = await startService({ monitors, env, redisUrl: redis.url });
    const host = createPullingMonitor("h0");
    await host.fetch(first.url);
    const ticket = await enqueueForTicket(first.url, job("dies"));
    // claims, and waits for what comes of it
    const asked = take(first.url, "dies", ticket).catch(() => null);
    const { body } = await host.fetch(second.url, { wait: 20 });
    const [offer] = (body as Fetched).offers;
    await first.kill9();
    await asked;
    expect((await host.accept(second.url, offer!.leg)).status).toBe(200);
    expect((await host.settle(second.url, offer!.leg, "taken", ["r1"])).status).toBe(200);
    expect(runnerIdsIn(await takeUntilDone(second.url, "dies", ticket))).toEqual(["r1"]);
  });

  it("an offer whose instance was killed is withdrawn by another, and the job is offered anew", async () => {
    await using redis = await startRedis();
    const first = await startService({ monitors, env, redisUrl: redis.url });
    await using second = await startService({ monitors, env, redisUrl: redis.url });
    const host = createPullingMonitor("h0");
    await host.fetch(first.url);
    const ticket = await enqueueForTicket(first.url, job("dies"));
    const asked = take(first.url, "dies", ticket).catch(() => null);
    const { body } = await host.fetch(second.url, { wait: 20 });
    await first.kill9();
    await asked;
    const answer = takeUntilDone(second.url, "dies", ticket);
    await second.onLog((line) => line.uniqueId === "dies" && line.detail === "withdrawn");
    const again = (await host.fetch(second.url, { wait: 20 })).body as Fetched;
    expect(again.offers).toHaveLength(1);
    expect(again.offers[0]!.leg).not.toBe((body as Fetched).offers[0]!.leg);
    await host.accept(second.url, again.offers[0]!.leg);
    await host.settle(second.url, again.offers[0]!.leg, "taken", ["r1"]);
    expect(runnerIdsIn(await answer)).toEqual(["r1"]);
  });

  it("a fetch that is held at one instance hears at once of an offer that another one makes", async () => {
    await using redis = await startRedis();
    await using first = await startService({ monitors, env, redisUrl: redis.url });
    await using second = await startService({ monitors, env, redisUrl: redis.url });
    const host = createPullingMonitor("h0");
    await host.fetch(second.url);
    const held = host.fetch(second.url, { wait: 25 });
    await first.onLog((line) => line.msg === "listening");
    const ticket = await enqueueForTicket(first.url, job("far"));
    const answer = takeUntilDone(first.url, "far", ticket);
    const { offers } = (await held).body as Fetched;
    expect(offers.map(({ unique_id }) => unique_id)).toEqual(["far"]);
    await host.accept(second.url, offers[0]!.leg);
    await host.settle(second.url, offers[0]!.leg, "taken", ["r1"]);
    expect(runnerIdsIn(await answer)).toEqual(["r1"]);
  });

  it("after Redis lost its memory, what the monitor lists as reserved is the job's answer, and nothing is reserved twice", async () => {
    await using redis = await startRedis();
    await using service = await startService({ monitors, env: { ...env, OFFER_TTL: "10s" }, redisUrl: redis.url });
    const host = createPullingMonitor("h0");
    await host.fetch(service.url);
    const ticket = await enqueueForTicket(service.url, job("lost"));
    const answer = takeUntilDone(service.url, "lost", ticket, { withinMs: 120_000 });
    const { offers } = (await host.fetch(service.url, { wait: 20 })).body as Fetched;
    await host.accept(service.url, offers[0]!.leg);
    await redis.client.flushall();
    const listed = { leg: offers[0]!.leg, unique_id: "lost", ...runnerOf("r9"), busy: false };
    let isAnswered = false;
    void answer.then(() => {
      isAnswered = true;
    });
    const offered: string[] = [];
    while (!isAnswered) {
      const { status, body } = await host.fetch(service.url, { idle: 1, reservations: [listed], wait: 1 });
      if (status === 200) offered.push(...(body as Fetched).offers.map(({ leg }) => leg));
    }
    expect(runnerIdsIn(await answer)).toEqual(["r9"]);
    expect(offered).toEqual([]);
  });
});

it("a monitor that is to fetch is shown as one before it ever did", async () => {
  await using service = await startService({ monitors: "h0=pull" });
  const { monitors: shown } = (await (await fetch(`${service.url}/dashboard.json`)).json()) as Dashboard;
  expect(shown).toMatchObject([{ name: "h0", fetches: true, state: "unknown" }]);
});

it("a body that breaks off is no internal error", async () => {
  await using service = await startService({ monitors: "h0=pull" });
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  const head = ["POST /monitors/h0/fetch HTTP/1.1", "host: q", "content-length: 100", "expect: 100-continue"];
  socket.write(`${head.join("\r\n")}\r\nauthorization: Bearer ${monitorToken}\r\n\r\n`);
  // it says that it waits for the body
  await once(socket, "data");
  socket.write('{"boot":', () => socket.resetAndDestroy());
  const asked = { method: "POST", route: "/monitors/:monitor/fetch" };
  const countOf = async (status: string) =>
    (await scrape(service.url)).find("runner_queue_http_replies_total", { ...asked, status }) ?? 0;
  await expect.poll(async () => await countOf("4xx")).toBe(1);
  expect(await countOf("5xx")).toBe(0);
});
