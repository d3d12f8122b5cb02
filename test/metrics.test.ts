// What /metrics says, against real services on a real Redis with simulated monitors, read by a
// parser that is not ours: each thing that happens moves the right figures by the right amounts,
// several instances add up, and no scrape waits for a store that hangs.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../scripts/simulated-fleet/monitor.ts";
import { createMetrics } from "../src/metrics/metrics.ts";
import { cancel, enqueue, enqueueForTicket, take, takeUntilDone } from "./support/client.ts";
import { type Exposition, type Labels, parseExposition, type Sample, scrape } from "./support/exposition.ts";
import { nextTake, startMonitor } from "./support/monitors.ts";
import { hasRedis, type RedisServer, startRedis } from "./support/redis-server.ts";
import { apiToken, monitorToken, type RunningService, startService } from "./support/service.ts";
import { startTokenlessQueue } from "./support/tokenless.ts";

const profile = "linux";
const prefix = "runner_queue_";
const patience = { interval: 100 };

/**
 * What moved between two scrapes, as `name{label="value"}`, counters and counts of histograms only.
 */
function movesOf(before: Exposition, after: Exposition): Record<string, number> {
  const isCounted = ({ name }: Sample) =>
    name.startsWith(prefix) && /_(total|count)$/.test(name) && !/_(http|store|monitor_poll)/.test(name);
  const moves = after.samples.filter(isCounted).map(({ name, labels, value }): [string, number] => {
    const written = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    const key = name.slice(prefix.length) + (written.length === 0 ? "" : `{${written.join(",")}}`);
    return [key, value - (before.find(name, labels) ?? 0)];
  });
  return Object.fromEntries(moves.filter(([, by]) => by !== 0));
}

/** What `act` moves. */
async function movesBy(url: string, act: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await scrape(url);
  await act();
  return movesOf(before, await scrape(url));
}

/** Waits until the gauges, which are at most a second old, say this. */
async function untilGauges(url: string, expected: Readonly<Record<string, number>>, labels: Labels): Promise<void> {
  const names = Object.keys(expected);
  const look = async () => {
    const seen = await scrape(url);
    return Object.fromEntries(names.map((name) => [name, seen.find(prefix + name, labels)]));
  };
  await expect.poll(look, patience).toEqual(expected);
}

const operate = async (url: string, path: string) => {
  const reply = await fetch(url + path, { method: "POST", headers: { authorization: `Bearer ${apiToken}` } });
  expect(reply.status).toBe(200);
};

describe.skipIf(!hasRedis)("a service on Redis with one monitor and one runner", () => {
  let redis: RedisServer;
  let monitor: SimulatedMonitor;
  let service: RunningService;
  let url: string;
  beforeAll(async () => {
    redis = await startRedis();
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { [profile]: 1 } });
    service = await startService({ monitors: [monitor], redisUrl: redis.url, env: { MAX_ATTEMPTS: "2" } });
    url = service.url;
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
    await redis?.[Symbol.asyncDispose]();
  });

  it("shows a line and a fleet at rest", async () => {
    const atRest = { waiting_jobs: 0, wanted_runners: 0, oldest_waiting_job_age_seconds: 0, profile_paused: 0 };
    const capacity = {
      idle_runners: 1,
      claimed_runners: 0,
      available_runners: 1,
      healthy_runners: 1,
      target_runners: 1,
    };
    await untilGauges(url, { ...atRest, ...capacity }, { profile });
    const ofMonitor = {
      monitor_up: 1,
      monitor_consecutive_failures: 0,
      monitor_draining: 0,
      monitor_backing_off: 0,
      monitor_legs_in_flight: 0,
    };
    await untilGauges(url, { ...ofMonitor, monitor_idle_runners: 1, monitor_target_runners: 1 }, { monitor: "ci0" });
    const seen = await scrape(url);
    expect(seen.value("runner_queue_store_up")).toBe(1);
    expect(seen.value("runner_queue_monitor_dashboard_age_seconds", { monitor: "ci0" })).toBeLessThan(5);
  });

  it("counts an enqueue once, and each repeated or refused one as what it was", async () => {
    const moves = await movesBy(url, async () => {
      await enqueueForTicket(url, { profile, uniqueId: "a" });
      await enqueueForTicket(url, { profile, uniqueId: "a" });
      expect((await enqueue(url, { profile, uniqueId: "a", count: 2 })).status).toBe(409);
      expect((await enqueue(url, { profile, uniqueId: "b", count: 2 })).status).toBe(422);
      expect((await enqueue(url, { profile: "nonsense", uniqueId: "b" })).status).toBe(422);
      expect((await enqueue(url, { profile, uniqueId: "b", token: "wrong" })).status).toBe(403);
    });
    expect(moves).toEqual({
      'enqueues_total{profile="linux",outcome="accepted"}': 1,
      'enqueues_total{profile="linux",outcome="repeated"}': 1,
      'enqueues_total{profile="linux",outcome="conflict"}': 1,
      'enqueues_total{profile="linux",outcome="unsatisfiable"}': 1,
      'enqueues_total{profile="(other)",outcome="unsatisfiable"}': 1,
    });
  });

  it("counts a take, the job's end and its wait once, and what is answered again as a replay", async () => {
    const ticket = await enqueueForTicket(url, { profile, uniqueId: "a" });
    const taken = await movesBy(url, async () => expect((await take(url, "a", ticket)).status).toBe(200));
    expect(taken).toEqual({
      'claims_total{profile="linux"}': 1,
      'polls_total{outcome="claimed"}': 1,
      'polls_total{outcome="taken"}': 1,
      'takes_total{monitor="ci0",outcome="taken"}': 1,
      'take_duration_seconds_count{monitor="ci0"}': 1,
      'settlements_total{outcome="taken"}': 1,
      'jobs_ended_total{profile="linux",state="taken"}': 1,
      'wait_duration_seconds_count{profile="linux"}': 1,
    });
    const again = await movesBy(url, async () => expect((await take(url, "a", ticket)).status).toBe(200));
    expect(again).toEqual({ 'polls_total{outcome="replayed"}': 1 });
  });

  it("shows a waiting job, its age and its reason, and no longer once it is cancelled", async () => {
    await untilGauges(url, { idle_runners: 0, claimed_runners: 0 }, { profile });
    const ticket = await enqueueForTicket(url, { profile, uniqueId: "c" });
    const polled = await movesBy(url, async () => expect((await take(url, "c", ticket)).status).toBe(503));
    expect(polled).toEqual({ 'polls_total{outcome="no_capacity"}': 1 });
    await untilGauges(url, { waiting_jobs: 1, wanted_runners: 1, available_runners: 0 }, { profile });
    const age = (await scrape(url)).value("runner_queue_oldest_waiting_job_age_seconds", { profile });
    expect(age).toBeGreaterThan(0);
    expect(age).toBeLessThan(20);

    const moves = await movesBy(url, async () => expect((await cancel(url, "c", ticket)).status).toBe(200));
    expect(moves).toEqual({ 'jobs_ended_total{profile="linux",state="cancelled"}': 1 });
    await untilGauges(url, { waiting_jobs: 0, wanted_runners: 0, oldest_waiting_job_age_seconds: 0 }, { profile });
  });

  it("counts what was settled by evidence, and a leg under way as in flight", async () => {
    monitor.setTarget(profile, 2);
    await untilGauges(url, { available_runners: 1, target_runners: 2 }, { profile });
    monitor.faults = { ...monitor.faults, take: "refuseNull", times: 1 };
    const ticket = await enqueueForTicket(url, { profile, uniqueId: "d" });
    const moves = await movesBy(url, async () => {
      expect((await takeUntilDone(url, "d", ticket)).status).toBe(200);
    });
    expect(moves).toMatchObject({
      'claims_total{profile="linux"}': 2,
      'polls_total{outcome="claimed"}': 2,
      'polls_total{outcome="taken"}': 1,
      'takes_total{monitor="ci0",outcome="null"}': 1,
      'takes_total{monitor="ci0",outcome="taken"}': 1,
      'take_duration_seconds_count{monitor="ci0"}': 2,
      'reconciled_legs_total{monitor="ci0",verdict="refused"}': 1,
      'settlements_total{outcome="open"}': 1,
      'settlements_total{outcome="queued"}': 1,
      'settlements_total{outcome="taken"}': 1,
      'jobs_ended_total{profile="linux",state="taken"}': 1,
      'wait_duration_seconds_count{profile="linux"}': 1,
    });

    monitor.setTarget(profile, 3);
    await untilGauges(url, { available_runners: 1, target_runners: 3 }, { profile });
    monitor.faults.takeDelayMs = 3_000;
    const slow = await enqueueForTicket(url, { profile, uniqueId: "e" });
    const asked = nextTake(monitor);
    const reply = take(url, "e", slow);
    await asked;
    await untilGauges(url, { monitor_legs_in_flight: 1 }, { monitor: "ci0" });
    expect((await scrape(url)).value("runner_queue_claimed_runners", { profile })).toBe(1);
    monitor.faults.takeDelayMs = 0;
    expect((await reply).status).toBe(200);
    await untilGauges(url, { monitor_legs_in_flight: 0 }, { monitor: "ci0" });
  });

  it("counts runners that nobody will use, and jobs that the store had lost", async () => {
    monitor.setTarget(profile, 5);
    await untilGauges(url, { available_runners: 2, target_runners: 5 }, { profile });
    monitor.faults = { ...monitor.faults, take: "tooMany", times: 1 };
    const ticket = await enqueueForTicket(url, { profile, uniqueId: "f" });
    const moves = await movesBy(url, async () => expect((await take(url, "f", ticket)).status).toBe(200));
    expect(moves).toMatchObject({ 'leaked_runners_total{profile="linux"}': 1 });

    await untilGauges(url, { idle_runners: 0 }, { profile });
    const lost = await enqueueForTicket(url, { profile, uniqueId: "g" });
    await redis.client.flushall();
    const back = await movesBy(url, () => take(url, "g", lost));
    expect(back).toEqual({ 'readmissions_total{profile="linux"}': 1, 'polls_total{outcome="reconciling"}': 1 });
    await cancel(url, "g", lost);
  });

  it("shows what operators did: a monitor drained, a profile paused", async () => {
    monitor.setTarget(profile, 7);
    await untilGauges(url, { idle_runners: 2, available_runners: 2 }, { profile });
    await operate(url, "/monitors/ci0/drain");
    await untilGauges(url, { monitor_draining: 1 }, { monitor: "ci0" });
    // They are there, but nobody gets them.
    await untilGauges(url, { idle_runners: 2, available_runners: 0 }, { profile });
    await operate(url, "/monitors/ci0/resume");
    await untilGauges(url, { monitor_draining: 0 }, { monitor: "ci0" });
    await operate(url, `/profiles/${profile}/pause`);
    await untilGauges(url, { profile_paused: 1 }, { profile });
    await operate(url, `/profiles/${profile}/resume`);
    await untilGauges(url, { profile_paused: 0 }, { profile });
  });

  it("counts replies by route and class of status, and neither ids nor scrapes make new series", async () => {
    const route = { method: "POST", route: "/take/:uniqueId" };
    const before = await scrape(url);
    for (const id of ["x1", "x2", "x3"]) expect((await take(url, id, "no-ticket")).status).toBe(404);
    const after = await scrape(url);
    const count = (seen: Exposition, status: string) =>
      seen.value("runner_queue_http_replies_total", { ...route, status });
    expect(count(after, "4xx") - count(before, "4xx")).toBe(3);
    expect(count(after, "2xx") - count(before, "2xx")).toBe(0);
    const scrapes = { method: "GET", route: "/metrics", status: "2xx" };
    const name = "runner_queue_http_replies_total";
    expect(after.value(name, scrapes) - before.value(name, scrapes)).toBe(1);
    // what is under way is no reply yet, and least of all a bad one
    expect(after.value(name, { ...scrapes, status: "5xx" })).toBe(0);
    expect(after.samples.length).toBe(before.samples.length);
  });

  it("times every command of the store and every dashboard of a monitor", async () => {
    const before = await scrape(url);
    const name = "runner_queue_monitor_poll_duration_seconds_count";
    const asked = before.value(name, { monitor: "ci0" });
    await expect.poll(async () => (await scrape(url)).value(name, { monitor: "ci0" }), patience).toBeGreaterThan(asked);
    const seen = await scrape(url);
    for (const command of ["load", "commit", "takePlace", "freePlace", "readDocument", "swapDocument"]) {
      const labels = { command };
      const count = seen.value("runner_queue_store_command_duration_seconds_count", labels);
      expect(count).toBeGreaterThan(0);
      expect(seen.value("runner_queue_store_command_duration_seconds_bucket", { ...labels, le: "+Inf" })).toBe(count);
      const sum = seen.value("runner_queue_store_command_duration_seconds_sum", labels);
      expect(sum / count).toBeGreaterThan(0);
      expect(sum / count).toBeLessThan(1);
    }
    expect(seen.sum("runner_queue_internal_errors_total")).toBe(0);
  });

  it("shows a monitor that is down, and for how long", async () => {
    monitor.faults.dashboard = "error500";
    await service.onLog(({ msg, monitor: name }) => msg === "monitor_down" && name === "ci0");
    await expect
      .poll(
        async () => (await scrape(url)).value("runner_queue_monitor_consecutive_failures", { monitor: "ci0" }),
        patience,
      )
      .toBeGreaterThan(0);
    const seen = await scrape(url);
    expect(seen.value("runner_queue_monitor_up", { monitor: "ci0" })).toBe(0);
    expect(seen.value("runner_queue_monitor_polls_total", { monitor: "ci0", outcome: "failed" })).toBeGreaterThan(0);
    expect(seen.value("runner_queue_available_runners", { profile })).toBe(0);
    expect(seen.value("runner_queue_monitor_dashboard_age_seconds", { monitor: "ci0" })).toBeGreaterThan(0);
    monitor.faults.dashboard = "none";
    await untilGauges(url, { monitor_up: 1, monitor_consecutive_failures: 0 }, { monitor: "ci0" });
  });
});

describe("a job", () => {
  it("that nobody asks for is counted as abandoned", async () => {
    const monitor = await startMonitor();
    await using service = await startService({ monitors: [monitor], env: { ABANDON_AFTER: "1s" } });
    const before = await scrape(service.url);
    await enqueueForTicket(service.url, { profile, uniqueId: "left" });
    await service.onLog(({ msg }) => msg === "abandoned");
    expect(movesOf(before, await scrape(service.url))).toEqual({
      'enqueues_total{profile="linux",outcome="accepted"}': 1,
      'jobs_ended_total{profile="linux",state="abandoned"}': 1,
    });
  });

  it("that every monitor refuses is counted as failed", async () => {
    const monitor = await startMonitor({ faults: { take: "refuseNull" } });
    await using service = await startService({ monitors: [monitor], env: { MAX_ATTEMPTS: "1" } });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "doomed" });
    const moves = await movesBy(service.url, async () => {
      const reply = await takeUntilDone(service.url, "doomed", ticket);
      expect(reply.text).toBe("null");
    });
    expect(moves).toMatchObject({
      'takes_total{monitor="ci0",outcome="null"}': 1,
      'jobs_ended_total{profile="linux",state="failed"}': 1,
      'settlements_total{outcome="failed"}': 1,
    });
  });

  it("keeps its place where a monitor rejects our token, and the monitor is shown to back off", async () => {
    const monitor = await startMonitor({ faults: { take: "unauthorized" } });
    await using service = await startService({ monitors: [monitor], env: { MAX_ATTEMPTS: "1" } });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "patient" });
    const moves = await movesBy(service.url, async () => {
      expect((await take(service.url, "patient", ticket)).status).toBe(503);
    });
    expect(moves).toMatchObject({
      'takes_total{monitor="ci0",outcome="refused"}': 1,
      'monitor_rejections_total{monitor="ci0"}': 1,
      'settlements_total{outcome="queued"}': 1,
    });
    await untilGauges(service.url, { monitor_backing_off: 1 }, { monitor: "ci0" });
  });
});

it("enqueues without a token: refused proofs by code, GitHub's budget, and its troubles", async () => {
  await using queue = await startTokenlessQueue();
  const { url } = queue.service;
  const moves = await movesBy(url, async () => {
    expect((await queue.enqueueJob("not-uploaded")).code).toBe("artifact_missing");
    queue.github.faults.status = 502;
    expect((await queue.enqueueJob("unlucky")).status).toBe(503);
  });
  expect(moves).toEqual({
    'proofs_refused_total{code="artifact_missing"}': 1,
    'github_troubles_total{reason="status_5xx"}': 1,
  });
  const seen = await scrape(url);
  expect(seen.value("runner_queue_github_budget_limit", { account: "token" })).toBe(5000);
  expect(seen.value("runner_queue_github_budget_remaining", { account: "token" })).toBeLessThan(5000);
  const resetsIn =
    seen.value("runner_queue_github_budget_reset_timestamp_seconds", { account: "token" }) - Date.now() / 1000;
  expect(resetsIn).toBeGreaterThan(3000);
  expect(resetsIn).toBeLessThan(3700);
});

/** Those of the store's own standing: equal in every instance that reads it. */
const isShared = ({ name }: Sample) =>
  /^runner_queue_((waiting|wanted|idle|claimed|available|healthy|target|profile)_\w+|monitor_(up|draining|backing_off|legs_in_flight|idle_runners|target_runners|consecutive_failures))$/.test(
    name,
  );

describe.skipIf(!hasRedis)("two instances on one Redis", () => {
  it("show the same line and fleet, and their counters add up to what happened", async () => {
    await using redis = await startRedis();
    const monitor = await startMonitor({ profiles: { [profile]: 1, spare: 2 } });
    const options = { monitors: [monitor], redisUrl: redis.url };
    await using one = await startService(options);
    await using two = await startService(options);
    const tickets = new Map<string, string>();
    for (const [at, uniqueId] of ["a", "b", "c", "d"].entries()) {
      tickets.set(uniqueId, await enqueueForTicket(at % 2 === 0 ? one.url : two.url, { profile, uniqueId }));
    }
    expect((await take(two.url, "a", tickets.get("a") ?? "")).status).toBe(200);
    // the other instance gives the answer that this one got
    expect((await take(one.url, "a", tickets.get("a") ?? "")).status).toBe(200);
    await operate(one.url, "/monitors/ci0/drain");

    for (const { url } of [one, two]) {
      await untilGauges(url, { waiting_jobs: 3, wanted_runners: 3, idle_runners: 0, claimed_runners: 0 }, { profile });
      await untilGauges(url, { monitor_draining: 1 }, { monitor: "ci0" });
    }
    const [first, second] = await Promise.all([scrape(one.url), scrape(two.url)]);
    const shared = first.samples.filter(isShared);
    expect(shared.length).toBeGreaterThan(15);
    expect(second.samples.filter(isShared)).toEqual(shared);
    const both = (name: string, labels: Labels) => first.sum(name, labels) + second.sum(name, labels);
    expect(both("runner_queue_enqueues_total", { outcome: "accepted" })).toBe(4);
    expect(both("runner_queue_polls_total", { outcome: "taken" })).toBe(1);
    expect(both("runner_queue_polls_total", { outcome: "replayed" })).toBe(1);
    expect(both("runner_queue_jobs_ended_total", { state: "taken" })).toBe(1);
    expect(first.value("runner_queue_enqueues_total", { profile, outcome: "accepted" })).toBe(2);
  });

  it("answer a scrape before Prometheus gives up, after 10 s, while the store hangs, say so, leave its figures out, and find back", async () => {
    await using redis = await startRedis();
    const monitor = await startMonitor();
    await using service = await startService({ monitors: [monitor], redisUrl: redis.url });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "a" });
    await take(service.url, "a", ticket);
    await untilGauges(service.url, { waiting_jobs: 0 }, { profile });
    redis.signal("SIGSTOP");
    const scrapeInTime = async (): Promise<Exposition> => {
      const begun = performance.now();
      const seen = await scrape(service.url);
      expect(performance.now() - begun).toBeLessThan(10_000);
      return seen;
    };
    await expect.poll(async () => (await scrapeInTime()).value("runner_queue_store_up"), patience).toBe(0);
    for (const seen of await Promise.all(Array.from({ length: 10 }, scrapeInTime))) {
      expect(seen.value("runner_queue_store_up")).toBe(0);
      expect(seen.samples.filter(isShared)).toEqual([]);
      expect(seen.value("runner_queue_jobs_ended_total", { profile, state: "taken" })).toBe(1);
    }
    await expect
      .poll(async () => (await scrapeInTime()).sum("runner_queue_store_command_errors_total"), patience)
      .toBeGreaterThan(0);
    redis.signal("SIGCONT");
    await untilGauges(service.url, { waiting_jobs: 0, target_runners: 1 }, { profile });
    expect((await scrape(service.url)).value("runner_queue_store_up")).toBe(1);
    expect((await scrape(service.url)).sum("runner_queue_internal_errors_total")).toBe(0);
  });
});

describe("names and labels", () => {
  const labelsInUse = new Set(
    "profile monitor outcome state verdict code account reason where command method route status le version store".split(
      " ",
    ),
  );

  it("follow Prometheus' conventions, and every metric says what it is", async () => {
    const monitor = await startMonitor();
    await using service = await startService({ monitors: [monitor] });
    const response = await fetch(`${service.url}/metrics`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const { families, samples } = parseExposition(await response.text());
    expect(families.length).toBeGreaterThan(35);
    for (const { name, help, type } of families) {
      expect(name).toMatch(/^(runner_queue|process)(_[a-z]+)+$/);
      expect(name).not.toMatch(/_(ms|millis\w*|minutes|count|sum|bucket)$/);
      // "info" is the convention's word for a gauge that is 1, and whose labels are what it is
      // about
      if (name.endsWith("_info")) expect(name).toBe("runner_queue_build_info");
      expect(help.length).toBeGreaterThan(10);
      expect(name.endsWith("_total")).toBe(type === "COUNTER");
      if (type === "HISTOGRAM") expect(name).toMatch(/_seconds$/);
      expect(["COUNTER", "GAUGE", "HISTOGRAM"]).toContain(type);
    }
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
    const written = samples.map(({ name, labels }) => name + JSON.stringify(labels));
    expect(new Set(written).size).toBe(written.length);
    for (const { value, labels } of samples) {
      expect(Number.isFinite(value)).toBe(true);
      for (const label of Object.keys(labels)) expect(labelsInUse).toContain(label);
    }
  });

  it("are bounded, however many profiles monitors and callers make up, and never hold an id, a repository or a run", async () => {
    const profiles = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`made-up-${at}`, 1]));
    const monitor = await startMonitor({ profiles });
    await using service = await startService({ monitors: [monitor] });
    await expect.poll(async () => (await scrape(service.url)).sum("runner_queue_target_runners"), patience).toBe(200);
    const before = await scrape(service.url);
    for (let at = 0; at < 50; at++) {
      await enqueue(service.url, { profile: `nobody-has-${at}`, uniqueId: `secret-id-${at}` });
      await take(service.url, `secret-id-${at}`, "no-ticket");
      await fetch(`${service.url}/nowhere/${at}`);
    }
    const response = await fetch(`${service.url}/metrics`);
    const text = await response.text();
    expect(parseExposition(text).samples.length).toBe(before.samples.length);
    expect(text).not.toMatch(/secret-id|nobody-has|nowhere|servo/);
  });

  it("come from closed lists, whatever texts events carry", async () => {
    const job = { uniqueId: "i", profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", place: 1 };
    const request = { uniqueId: "i", qualifiedRepo: "o/r", runId: "1" };
    const metrics = createMetrics();
    const seriesOf = async () => parseExposition((await metrics.expose()).text).samples.length;
    const odd = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.integer().map((status) => `status ${status}`),
      fc.constantFrom("__proto__", "constructor", 'a"} 1\n', "TimeoutError", "ECONNRESET", "taken", "sweeper of x"),
    );
    const tell = (text: string) => {
      metrics.observe({ kind: "leg", job, monitor: text, outcome: "null", detail: text, tookMs: 1 });
      metrics.observe({ kind: "reconciled", job, monitor: text, verdict: "taken" });
      metrics.observe({ kind: "trouble", where: "sweeper", profileKey: text, error: new Error("odd") });
      metrics.observe({ kind: "github_trouble", why: text });
      metrics.observe({ kind: "github_budget", account: text, limit: 1, remaining: 1, resetAt: 1 });
      metrics.observe({ kind: "proof_refused", code: text, request });
      metrics.observe({ kind: "claimed", job: { ...job, profileKey: text }, attempt: 1, legs: [] });
    };
    for (let at = 0; at < 2_000; at++) tell(`made up ${at}`);
    const full = await seriesOf();
    // 200 profiles and as many monitors as MONITORS names, with what becomes of their runners
    expect(full).toBeLessThan(12_000);
    fc.assert(fc.property(odd, tell), { numRuns: 500 });
    for (const text of ["taken", "refused", "null", "status 500", "status 302", "TimeoutError", "ECONNRESET", "EMFILE"])
      tell(text);
    // outcomes of the one monitor that nobody knows, each at most once
    expect((await seriesOf()) - full).toBeLessThan(20);
  });
});
